namespace Ferry.Cli.Documents;

/// <summary>KVM.</summary>
/// <param name="Problem">Why there is no machine to be had; null where there is.</param>
/// <param name="LogProblem">Why the dirty log with manual protection can't be used; null where it can.</param>
/// <param name="RingProblem">Why dirty rings can't be used; null where they can.</param>
/// <param name="MaxRingEntries">The most entries of a ring; 0 where there are none.</param>
/// <param name="OrderedRings">Whether entries are handed over with acquire and release.</param>
/// <param name="MemorySlots">The memory slots of a machine.</param>
internal sealed record ProbeKvmDocument(
    ObstacleDocument? Problem, ObstacleDocument? LogProblem, ObstacleDocument? RingProblem, int MaxRingEntries, bool OrderedRings, int MemorySlots);

namespace Ferry.Cli.Documents;

/// <summary>One line of the coverage proof: a tracker that sees a source's writes.</summary>
/// <param name="Source">Whose writes.</param>
/// <param name="Tracker">What sees them.</param>
/// <param name="PageSizeBytes">The page size at which it tracks.</param>
/// <param name="Precision"><c>exact</c>, <c>pinned-for-write</c> or <c>all-mapped</c>.</param>
/// <param name="Ranges">The ranges of memory that it is started for.</param>
/// <param name="ExtraBytes">What the ranges hold beyond the memory that is mapped, because it holds fewer ranges than are mapped.</param>
/// <param name="Redundant">Whether another tracker sees the same source already.</param>
/// <param name="Fallback">The tracker that takes over where it fails, or null.</param>
internal sealed record CoverageDocument(string Source, string Tracker, ulong PageSizeBytes, string Precision, int Ranges, ulong ExtraBytes, bool Redundant, string? Fallback);

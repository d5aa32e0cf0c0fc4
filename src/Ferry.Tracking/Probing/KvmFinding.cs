namespace Ferry.Tracking.Probing;

/// <summary>What KVM can track.</summary>
/// <param name="Problem">Why there is no machine to be had; the rest is unknown then.</param>
/// <param name="LogProblem">Why vCPUs can't be tracked by the dirty log.</param>
/// <param name="RingProblem">Why vCPUs can't be tracked by dirty rings of the usual size.</param>
/// <param name="MaxRingEntries">The most entries of a ring; 0 where there are none.</param>
/// <param name="HasOrderedRings">Whether entries are handed over with acquire and release (KVM_CAP_DIRTY_LOG_RING_ACQ_REL).</param>
/// <param name="MemorySlots">The number of memory slots of a machine.</param>
public sealed record KvmFinding(Obstacle? Problem, Obstacle? LogProblem, Obstacle? RingProblem, int MaxRingEntries, bool HasOrderedRings, int MemorySlots);

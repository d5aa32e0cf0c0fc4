namespace Ferry.Tracking.Probing;

/// <summary>Memory, and what of it may be pinned.</summary>
/// <param name="TotalBytes">The host's memory; null where it can't be read.</param>
/// <param name="LockLimitBytes">What this process may lock; null where there is no limit.</param>
/// <param name="IgnoresLockLimit">Whether the limit does not hold for this process, which has CAP_IPC_LOCK.</param>
/// <param name="LockProblem">Why a guest as large as the host's memory can't be mapped for a kernel device, and what would help; null where it can.</param>
/// <param name="HugePages">The sizes that the kernel has.</param>
/// <param name="SharedHugePages">Whether shared memory gets transparent huge pages: <c>always</c>, <c>within_size</c>, <c>advise</c>, <c>never</c>; null where that isn't known.</param>
public sealed record MemoryFinding(
    ulong? TotalBytes, ulong? LockLimitBytes, bool IgnoresLockLimit, string? LockProblem, IReadOnlyList<HugePageFinding> HugePages, string? SharedHugePages);

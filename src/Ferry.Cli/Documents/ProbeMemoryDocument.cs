namespace Ferry.Cli.Documents;

/// <summary>Memory, and what of it may be pinned.</summary>
/// <param name="TotalBytes">The host's memory; null where it can't be read.</param>
/// <param name="LockLimitBytes">What this process may lock; null where there is no limit.</param>
/// <param name="IgnoresLockLimit">Whether the limit does not hold for this process.</param>
/// <param name="LockProblem">Why a guest as large as the host's memory can't be mapped for kernel devices; null where it can.</param>
/// <param name="HugePages">The sizes.</param>
/// <param name="SharedHugePages">Whether shared memory gets transparent huge pages; null where that isn't known.</param>
internal sealed record ProbeMemoryDocument(
    ulong? TotalBytes, ulong? LockLimitBytes, bool IgnoresLockLimit, string? LockProblem, IReadOnlyList<ProbeHugePagesDocument> HugePages, string? SharedHugePages);

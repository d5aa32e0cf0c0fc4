namespace Ferry.Tracking.Probing;

/// <summary>What page tables of processes can tell.</summary>
/// <param name="Problem">Why this process has no userfaultfd; the rest is unknown then.</param>
/// <param name="WriteProtectsShared">Whether shared memory can be write-protected.</param>
/// <param name="WriteProtectsAsynchronously">Whether that can be without anybody waiting (WP_ASYNC).</param>
/// <param name="ScanProblem">Why a write was not found by WP_ASYNC and PAGEMAP_SCAN when it was tried on two pages.</param>
/// <param name="FaultProblem">Why writes of the kernel on a process's behalf could not wait.</param>
/// <param name="ByCall">Whether the call userfaultfd gives this user one that holds the kernel.</param>
/// <param name="FileProblem">Why /dev/userfaultfd doesn't.</param>
/// <param name="UnprivilegedSetting">vm.unprivileged_userfaultfd; null where it can't be read.</param>
public sealed record UserfaultFinding(
    Obstacle? Problem, bool WriteProtectsShared, bool WriteProtectsAsynchronously, Obstacle? ScanProblem, Obstacle? FaultProblem, bool ByCall, Obstacle? FileProblem, string? UnprivilegedSetting);

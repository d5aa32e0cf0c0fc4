namespace Ferry.Cli.Documents;

/// <summary>Page tables of processes.</summary>
/// <param name="Problem">Why there is no userfaultfd; null where there is.</param>
/// <param name="WriteProtectShared">Whether shared memory can be write-protected.</param>
/// <param name="WriteProtectAsync">Whether that can be without anybody waiting.</param>
/// <param name="ScanProblem">Why writes can't be found by PAGEMAP_SCAN; null where they were.</param>
/// <param name="FaultProblem">Why writes of the kernel can't wait; null where they can.</param>
/// <param name="KernelFaultsByCall">Whether this user gets a userfaultfd for the kernel's writes by the call.</param>
/// <param name="FileProblem">Why it doesn't by /dev/userfaultfd; null where it does.</param>
/// <param name="UnprivilegedSetting">vm.unprivileged_userfaultfd; null where it can't be read.</param>
internal sealed record ProbeUserfaultDocument(
    ObstacleDocument? Problem, bool WriteProtectShared, bool WriteProtectAsync, ObstacleDocument? ScanProblem, ObstacleDocument? FaultProblem,
    bool KernelFaultsByCall, ObstacleDocument? FileProblem, string? UnprivilegedSetting);

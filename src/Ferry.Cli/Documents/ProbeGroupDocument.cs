namespace Ferry.Cli.Documents;

/// <summary>An IOMMU group.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Devices">The devices in it.</param>
/// <param name="Foreign">Those of them that the kernel uses itself, each with its driver.</param>
/// <param name="Problem">Why it can't be used or was not tried; null where it can.</param>
/// <param name="TrackingProblem">Why a container with it can't be tracked; null where it can.</param>
/// <param name="PageSizeBytes">The page size that a container reports at; null where it was not asked.</param>
/// <param name="Precision"><c>exact</c>, <c>pinned-for-write</c> or <c>all-mapped</c>; null where it was not asked.</param>
internal sealed record ProbeGroupDocument(
    int Number, IReadOnlyList<string> Devices, IReadOnlyList<string> Foreign, ObstacleDocument? Problem, ObstacleDocument? TrackingProblem, ulong? PageSizeBytes, string? Precision);

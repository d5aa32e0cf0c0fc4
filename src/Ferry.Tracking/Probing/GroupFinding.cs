using Ferry.Memory;

namespace Ferry.Tracking.Probing;

/// <summary>An IOMMU group with a device that a VFIO driver has, and how a container tracks it.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Devices">The devices in it.</param>
/// <param name="Foreign">Those of them that the kernel uses itself, each with its driver; while there are any, the group is not viable.</param>
/// <param name="Problem">Why the group can't be used or was not tried.</param>
/// <param name="TrackingProblem">Why a container with it can't be tracked.</param>
/// <param name="PageSize">The page size that a container reports at; null where it was not asked.</param>
/// <param name="Precision">How precise a container with this group alone is.</param>
public sealed record GroupFinding(
    int Number, IReadOnlyList<string> Devices, IReadOnlyList<string> Foreign, Obstacle? Problem, Obstacle? TrackingProblem, PageSize? PageSize, TrackingPrecision? Precision);

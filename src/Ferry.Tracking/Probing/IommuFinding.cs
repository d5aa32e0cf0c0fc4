namespace Ferry.Tracking.Probing;

/// <summary>An IOMMU, by what the kernel tells of it in /sys/class/iommu.</summary>
/// <param name="Name">For instance <c>dmar0</c>.</param>
/// <param name="Kind"><c>intel</c>, <c>amd</c> or <c>unknown</c>.</param>
/// <param name="Devices">How many devices are behind it.</param>
/// <param name="HasDirtyTracking">Whether it marks in its page tables what devices write; null where that can't be told from here.</param>
/// <param name="Evidence">Where that comes from, or what would tell.</param>
public sealed record IommuFinding(string Name, string Kind, int Devices, bool? HasDirtyTracking, string Evidence);

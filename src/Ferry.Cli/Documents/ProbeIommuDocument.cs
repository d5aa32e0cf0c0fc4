namespace Ferry.Cli.Documents;

/// <summary>An IOMMU.</summary>
/// <param name="Name">For instance <c>dmar0</c>.</param>
/// <param name="Kind"><c>intel</c>, <c>amd</c> or <c>unknown</c>.</param>
/// <param name="Devices">How many devices are behind it.</param>
/// <param name="DirtyTracking">Whether it has dirty bits; null where that can't be told from sysfs.</param>
/// <param name="Evidence">Where that comes from, or what would tell.</param>
internal sealed record ProbeIommuDocument(string Name, string Kind, int Devices, bool? DirtyTracking, string Evidence);

namespace Ferry.Migration.Wire;

/// <summary>A device as the source has it; the flags are those of linux/vfio.h.</summary>
internal sealed record DescribedDevice(string Id, string Kind, uint Version, ulong Migration, bool Iommu = false);

using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>What to map. Source: linux/iommufd.h, struct iommu_ioas_map.</summary>
[StructLayout(LayoutKind.Sequential, Size = 40)]
[KernelStruct("iommu_ioas_map", Fields = "size flags ioas_id __reserved user_va length iova")]
internal struct IommuIoasMap
{
    internal uint Size, Flags, IoasId, Reserved;
    internal ulong UserVa, Length, Iova;
}

using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>What to unmap. Source: linux/iommufd.h, struct iommu_ioas_unmap.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
[KernelStruct("iommu_ioas_unmap")]
internal struct IommuIoasUnmap
{
    internal uint Size, IoasId;
    internal ulong Iova, Length;
}

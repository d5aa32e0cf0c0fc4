using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>Which object to destroy. Source: linux/iommufd.h, struct iommu_destroy.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
[KernelStruct("iommu_destroy")]
internal struct IommuDestroy
{
    internal uint Size, Id;
}

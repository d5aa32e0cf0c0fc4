using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>A new address space. Source: linux/iommufd.h, struct iommu_ioas_alloc.</summary>
[StructLayout(LayoutKind.Sequential, Size = 12)]
[KernelStruct("iommu_ioas_alloc")]
internal struct IommuIoasAlloc
{
    internal uint Size, Flags, OutIoasId;
}

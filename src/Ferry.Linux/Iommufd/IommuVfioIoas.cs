using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>The address space that VFIO's older interface uses. Source: linux/iommufd.h, struct iommu_vfio_ioas.</summary>
[StructLayout(LayoutKind.Sequential, Size = 12)]
[KernelStruct("iommu_vfio_ioas", Fields = "size ioas_id op __reserved")]
internal struct IommuVfioIoas
{
    internal uint Size, IoasId;
    internal ushort Op, Reserved;
}

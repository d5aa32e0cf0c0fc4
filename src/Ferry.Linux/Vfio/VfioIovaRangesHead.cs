using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>The head of the list of ranges that can be mapped. Source: linux/vfio.h, struct vfio_iommu_type1_info_cap_iova_range.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("vfio_iommu_type1_info_cap_iova_range")]
internal struct VfioIovaRangesHead
{
    internal VfioCapabilityHeader Header;
    internal uint NrIovas, Reserved;
}

using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>How many more mappings a container may have. Source: linux/vfio.h, struct vfio_iommu_type1_info_dma_avail.</summary>
[StructLayout(LayoutKind.Sequential, Size = 12)]
[KernelStruct("vfio_iommu_type1_info_dma_avail")]
internal struct VfioDmaAvailable
{
    internal VfioCapabilityHeader Header;
    internal uint Avail;
}

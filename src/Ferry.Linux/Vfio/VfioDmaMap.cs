using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>What to map. Source: linux/vfio.h, struct vfio_iommu_type1_dma_map.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
[KernelStruct("vfio_iommu_type1_dma_map")]
internal struct VfioDmaMap
{
    internal uint Argsz, Flags;
    internal ulong Vaddr, Iova, Size;
}

using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>What to unmap, followed by a bitmap where its dirty pages are asked for. Source: linux/vfio.h, struct vfio_iommu_type1_dma_unmap.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
[KernelStruct("vfio_iommu_type1_dma_unmap")]
internal struct VfioDmaUnmap
{
    internal uint Argsz, Flags;
    internal ulong Iova, Size;
}

using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>What to do with dirty tracking, followed by what to read. Source: linux/vfio.h, struct vfio_iommu_type1_dirty_bitmap.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
[KernelStruct("vfio_iommu_type1_dirty_bitmap")]
internal struct VfioDirtyPages
{
    internal uint Argsz, Flags;
}

using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>A part of a region that can be mapped. Source: linux/vfio.h, struct vfio_region_sparse_mmap_area.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("vfio_region_sparse_mmap_area")]
internal struct VfioSparseArea
{
    internal ulong Offset, Size;
}

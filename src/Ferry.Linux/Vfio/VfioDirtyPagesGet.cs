using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>Which dirty pages to read. Source: linux/vfio.h, struct vfio_iommu_type1_dirty_bitmap_get.</summary>
[StructLayout(LayoutKind.Sequential, Size = 40)]
[KernelStruct("vfio_iommu_type1_dirty_bitmap_get")]
internal struct VfioDirtyPagesGet
{
    internal ulong Iova, Size;
    internal VfioBitmap Bitmap;
}

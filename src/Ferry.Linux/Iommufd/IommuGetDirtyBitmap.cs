using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>Which dirty pages to read, and where to. Source: linux/iommufd.h, struct iommu_hwpt_get_dirty_bitmap.</summary>
[StructLayout(LayoutKind.Sequential, Size = 48)]
[KernelStruct("iommu_hwpt_get_dirty_bitmap", Fields = "size hwpt_id flags __reserved iova length page_size data")]
internal struct IommuGetDirtyBitmap
{
    internal uint Size, HwptId, Flags, Reserved;
    internal ulong Iova, Length, PageSize, Data;
}

using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>Whether a page table is tracked. Source: linux/iommufd.h, struct iommu_hwpt_set_dirty_tracking.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("iommu_hwpt_set_dirty_tracking", Fields = "size flags hwpt_id __reserved")]
internal struct IommuSetDirtyTracking
{
    internal uint Size, Flags, HwptId, Reserved;
}

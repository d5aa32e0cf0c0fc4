using Ferry.Linux.Vfio;

namespace Ferry.Linux.Iommufd;

/// <summary>The requests of /dev/iommu, one row each. Source: linux/iommufd.h.</summary>
internal static class IommufdCalls
{
    internal static readonly VfioRequest Destroy = new(0x80, "IOMMU_DESTROY");
    internal static readonly VfioRequest IoasAlloc = new(0x81, "IOMMU_IOAS_ALLOC");
    internal static readonly VfioRequest IoasIovaRanges = new(0x84, "IOMMU_IOAS_IOVA_RANGES");
    internal static readonly VfioRequest IoasMap = new(0x85, "IOMMU_IOAS_MAP");
    internal static readonly VfioRequest IoasUnmap = new(0x86, "IOMMU_IOAS_UNMAP");
    internal static readonly VfioRequest Option = new(0x87, "IOMMU_OPTION");
    internal static readonly VfioRequest VfioIoas = new(0x88, "IOMMU_VFIO_IOAS");
    internal static readonly VfioRequest HwptAlloc = new(0x89, "IOMMU_HWPT_ALLOC");
    internal static readonly VfioRequest GetHwInfo = new(0x8a, "IOMMU_GET_HW_INFO");
    internal static readonly VfioRequest SetDirtyTracking = new(0x8b, "IOMMU_HWPT_SET_DIRTY_TRACKING");
    internal static readonly VfioRequest GetDirtyBitmap = new(0x8c, "IOMMU_HWPT_GET_DIRTY_BITMAP");

    /// <summary>Since Linux 6.13.</summary>
    internal static readonly VfioRequest IoasMapFile = new(0x8f, "IOMMU_IOAS_MAP_FILE");
}

namespace Ferry.Linux.Iommufd;

/// <summary>What the IOMMU of a device can do. Source: linux/iommufd.h, IOMMU_GET_HW_INFO.</summary>
/// <param name="Type">The kind of IOMMU: 0 unknown, 1 Intel's; more in linux/iommufd.h, enum iommu_hw_info_type.</param>
/// <param name="HasDirtyTracking">Whether it marks what devices write in its page tables, so that a <see cref="Hwpt"/> can be tracked.</param>
public readonly record struct IommuHardwareInfo(uint Type, bool HasDirtyTracking);

using Ferry.Linux.Iommufd;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Linux.Tests.Layout;

/// <summary>The flags, indices and error numbers of VFIO and iommufd, compared with the kernel's headers.</summary>
public sealed class VfioNumberTests
{
    private const string Iommufd = "IOMMU_HWPT_GET_DIRTY_BITMAP";

    /// <summary>An expression, its value here, and the macro without which headers are too old for it.</summary>
    public static TheoryData<string, ulong, string> Numbers => new()
    {
        { "VFIO_API_VERSION", 0, "VFIO_API_VERSION" },
        { "VFIO_TYPE1v2_IOMMU", VfioContainer.Type1V2, "VFIO_TYPE1v2_IOMMU" },
        { "VFIO_GROUP_FLAGS_VIABLE", VfioGroup.Viable, "VFIO_GROUP_FLAGS_VIABLE" },
        { "VFIO_DMA_MAP_FLAG_READ", (ulong)MapAccess.Read, "VFIO_DMA_MAP_FLAG_READ" },
        { "VFIO_DMA_MAP_FLAG_WRITE", (ulong)MapAccess.Write, "VFIO_DMA_MAP_FLAG_WRITE" },
        { "VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP", VfioContainer.UnmapGetDirty, "VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP" },
        { "VFIO_IOMMU_DIRTY_PAGES_FLAG_START", VfioContainer.DirtyStart, "VFIO_IOMMU_DIRTY_PAGES_FLAG_START" },
        { "VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP", VfioContainer.DirtyStop, "VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP" },
        { "VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP", VfioContainer.DirtyGet, "VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP" },
        { "VFIO_IOMMU_INFO_PGSIZES", VfioContainerInfo.HasPageSizes, "VFIO_IOMMU_INFO_PGSIZES" },
        { "VFIO_IOMMU_INFO_CAPS", VfioContainerInfo.HasCapabilities, "VFIO_IOMMU_INFO_CAPS" },
        { "VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE", VfioContainerInfo.RangesId, "VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE" },
        { "VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION", VfioContainerInfo.MigrationId, "VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION" },
        { "VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL", VfioContainerInfo.AvailableId, "VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL" },
        { "VFIO_DEVICE_FLAGS_RESET", VfioDevice.FlagReset, "VFIO_DEVICE_FLAGS_RESET" },
        { "VFIO_DEVICE_FLAGS_PCI", VfioDevice.FlagPci, "VFIO_DEVICE_FLAGS_PCI" },
        { "VFIO_REGION_INFO_FLAG_READ", VfioRegion.FlagRead, "VFIO_REGION_INFO_FLAG_READ" },
        { "VFIO_REGION_INFO_FLAG_WRITE", VfioRegion.FlagWrite, "VFIO_REGION_INFO_FLAG_WRITE" },
        { "VFIO_REGION_INFO_FLAG_MMAP", VfioRegion.FlagMap, "VFIO_REGION_INFO_FLAG_MMAP" },
        { "VFIO_REGION_INFO_FLAG_CAPS", VfioRegion.FlagCapabilities, "VFIO_REGION_INFO_FLAG_CAPS" },
        { "VFIO_REGION_INFO_CAP_SPARSE_MMAP", VfioRegion.SparseId, "VFIO_REGION_INFO_CAP_SPARSE_MMAP" },
        { "VFIO_PCI_CONFIG_REGION_INDEX", VfioRegion.PciConfiguration, "VFIO_API_VERSION" },
        { "VFIO_PCI_INTX_IRQ_INDEX", VfioInterrupts.PciIntx, "VFIO_API_VERSION" },
        { "VFIO_PCI_MSI_IRQ_INDEX", VfioInterrupts.PciMsi, "VFIO_API_VERSION" },
        { "VFIO_PCI_MSIX_IRQ_INDEX", VfioInterrupts.PciMsix, "VFIO_API_VERSION" },
        { "VFIO_IRQ_INFO_EVENTFD", VfioDevice.InterruptCanSignal, "VFIO_IRQ_INFO_EVENTFD" },
        { "VFIO_IRQ_INFO_MASKABLE", VfioDevice.InterruptCanMask, "VFIO_IRQ_INFO_MASKABLE" },
        { "VFIO_IRQ_INFO_AUTOMASKED", VfioDevice.InterruptIsMaskedBySignal, "VFIO_IRQ_INFO_AUTOMASKED" },
        { "VFIO_IRQ_INFO_NORESIZE", VfioDevice.InterruptIsFixed, "VFIO_IRQ_INFO_NORESIZE" },
        { "VFIO_IRQ_SET_DATA_NONE", VfioDevice.DataNone, "VFIO_IRQ_SET_DATA_NONE" },
        { "VFIO_IRQ_SET_DATA_EVENTFD", VfioDevice.DataEvent, "VFIO_IRQ_SET_DATA_EVENTFD" },
        { "VFIO_IRQ_SET_ACTION_MASK", VfioDevice.ActionMask, "VFIO_IRQ_SET_ACTION_MASK" },
        { "VFIO_IRQ_SET_ACTION_UNMASK", VfioDevice.ActionUnmask, "VFIO_IRQ_SET_ACTION_UNMASK" },
        { "VFIO_IRQ_SET_ACTION_TRIGGER", VfioDevice.ActionTrigger, "VFIO_IRQ_SET_ACTION_TRIGGER" },
        { "VFIO_DEVICE_FEATURE_GET", VfioDevice.FeatureGet, "VFIO_DEVICE_FEATURE_GET" },
        { "VFIO_DEVICE_FEATURE_SET", VfioDevice.FeatureSet, "VFIO_DEVICE_FEATURE_SET" },
        { "VFIO_DEVICE_FEATURE_PROBE", VfioDevice.FeatureProbe, "VFIO_DEVICE_FEATURE_PROBE" },
        { "VFIO_DEVICE_FEATURE_MIGRATION", (ulong)VfioFeature.Migration, "VFIO_DEVICE_FEATURE_MIGRATION" },
        { "VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE", (ulong)VfioFeature.State, "VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE" },
        { "VFIO_DEVICE_FEATURE_DMA_LOGGING_START", (ulong)VfioFeature.DmaLogStart, "VFIO_DEVICE_FEATURE_DMA_LOGGING_START" },
        { "VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP", (ulong)VfioFeature.DmaLogStop, "VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP" },
        { "VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT", (ulong)VfioFeature.DmaLogReport, "VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT" },
        { "VFIO_DEVICE_FEATURE_MIG_DATA_SIZE", (ulong)VfioFeature.DataSize, "VFIO_DEVICE_FEATURE_MIG_DATA_SIZE" },
        { "VFIO_MIGRATION_PRE_COPY", (ulong)VfioMigrationFlags.PreCopy, "VFIO_MIGRATION_PRE_COPY" },
        { "IOMMU_IOAS_MAP_FIXED_IOVA", Ioas.FixedIova, Iommufd },
        { "IOMMU_IOAS_MAP_WRITEABLE", Ioas.Writable, Iommufd },
        { "IOMMU_IOAS_MAP_READABLE", Ioas.Readable, Iommufd },
        { "IOMMU_OPTION_HUGE_PAGES", Ioas.HugePagesOption, Iommufd },
        { "IOMMU_OPTION_OP_SET", 0, Iommufd },
        { "IOMMU_HWPT_ALLOC_DIRTY_TRACKING", Hwpt.AllocDirtyTracking, Iommufd },
        { "IOMMU_HWPT_DIRTY_TRACKING_ENABLE", Hwpt.Enable, Iommufd },
        { "IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR", Hwpt.NoClear, Iommufd },
        { "IOMMU_HW_CAP_DIRTY_TRACKING", Linux.Iommufd.Iommufd.DirtyTrackingCapability, Iommufd },
        { "IOMMU_VFIO_IOAS_GET", Linux.Iommufd.Iommufd.OperationGet, Iommufd },
        { "IOMMU_VFIO_IOAS_SET", Linux.Iommufd.Iommufd.OperationSet, Iommufd },
        { "IOMMU_VFIO_IOAS_CLEAR", Linux.Iommufd.Iommufd.OperationClear, Iommufd },
        { "RLIMIT_MEMLOCK", LockedMemory.ResourceMemlock, "VFIO_API_VERSION" },
        { "sizeof(struct rlimit)", 16, "VFIO_API_VERSION" },
        { "ENODEV", VfioErrno.NoDevice, "ENODEV" }, { "ENOMSG", VfioErrno.NoMessage, "ENOMSG" }, { "EMSGSIZE", VfioErrno.MessageSize, "EMSGSIZE" },
        { "EOPNOTSUPP", VfioErrno.NotSupported, "EOPNOTSUPP" }, { "EADDRINUSE", VfioErrno.AddressInUse, "EADDRINUSE" }, { "ENOSPC", VfioErrno.NoSpace, "ENOSPC" },
        { "ENOTTY", VfioErrno.NotATerminal, "ENOTTY" }, { "E2BIG", VfioErrno.TooBig, "E2BIG" }, { "EEXIST", VfioErrno.Exists, "EEXIST" },
    };

    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_number_is_the_headers_number(string expression, ulong value, string since)
    {
        Assert.SkipWhen(CProbe.Problem is not null, CProbe.Problem ?? "");
        Assert.SkipUnless(CProbe.IsDefined(since), $"{expression}: the headers have no {since}; {CProbe.Remedy}");
        Assert.Equal(value, CProbe.Evaluate([expression])[0]);
    }
}

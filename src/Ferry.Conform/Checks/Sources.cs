namespace Ferry.Conform.Checks;

/// <summary>The places where rules are written.</summary>
internal static class Sources
{
    public const string States = "linux/vfio.h, enum vfio_device_mig_state";
    public const string SetState = "linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE";
    public const string Flags = "linux/vfio.h, VFIO_DEVICE_FEATURE_MIGRATION, VFIO_DEVICE_FLAGS_RESET";
    public const string PreCopyInfo = "linux/vfio.h, VFIO_MIG_GET_PRECOPY_INFO";
    public const string DataSize = "linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DATA_SIZE";
    public const string LogStart = "linux/vfio.h, VFIO_DEVICE_FEATURE_DMA_LOGGING_START";
    public const string LogReport = "linux/vfio.h, VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT";
}

namespace Ferry.Linux.Vfio;

/// <summary>The features that are used here. Source: linux/vfio.h, VFIO_DEVICE_FEATURE_*.</summary>
internal enum VfioFeature : uint
{
    Migration = 1,
    State = 2,
    DmaLogStart = 6,
    DmaLogStop = 7,
    DmaLogReport = 8,
    DataSize = 9,
}

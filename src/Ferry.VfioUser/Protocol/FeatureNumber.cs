namespace Ferry.VfioUser.Protocol;

/// <summary>The features of DEVICE_FEATURE. Source: linux/vfio.h, VFIO_DEVICE_FEATURE_*.</summary>
internal enum FeatureNumber : ushort
{
    Migration = 1,
    DeviceState = 2,
    DmaLogStart = 6,
    DmaLogStop = 7,
    DmaLogReport = 8,
    MigrationDataSize = 9,

    /// <summary>Ferry's own, from the end of the numbers; asked of devices alone that say in VERSION that they have it.</summary>
    PageTable = 0xFF01,
}

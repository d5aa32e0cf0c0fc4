namespace Ferry.Linux.Vfio;

/// <summary>What migration a VFIO device supports. Source: linux/vfio.h, struct vfio_device_feature_migration.</summary>
[Flags]
public enum VfioMigrationFlags : ulong
{
    /// <summary>No migration.</summary>
    None = 0,

    /// <summary>STOP_COPY and RESUMING.</summary>
    StopCopy = 1,

    /// <summary>RUNNING_P2P, and PRE_COPY_P2P where PRE_COPY is supported too.</summary>
    P2P = 2,

    /// <summary>PRE_COPY.</summary>
    PreCopy = 4,
}

namespace Ferry.VfioUser.Protocol;

/// <summary>The commands of the protocol. Source: QEMU docs/interop/vfio-user.rst, Commands.</summary>
public enum VfioUserCommand : ushort
{
    /// <summary>No command; never on the wire.</summary>
    None = 0,

    /// <summary>VERSION, client to server: the first message.</summary>
    Version = 1,

    /// <summary>DMA_MAP, client to server.</summary>
    DmaMap = 2,

    /// <summary>DMA_UNMAP, client to server.</summary>
    DmaUnmap = 3,

    /// <summary>DEVICE_GET_INFO, client to server.</summary>
    GetInfo = 4,

    /// <summary>DEVICE_GET_REGION_INFO, client to server.</summary>
    GetRegionInfo = 5,

    /// <summary>DEVICE_GET_REGION_IO_FDS, client to server.</summary>
    GetRegionIoDescriptors = 6,

    /// <summary>DEVICE_GET_IRQ_INFO, client to server.</summary>
    GetInterruptInfo = 7,

    /// <summary>DEVICE_SET_IRQS, client to server.</summary>
    SetInterrupts = 8,

    /// <summary>REGION_READ, client to server.</summary>
    RegionRead = 9,

    /// <summary>REGION_WRITE, client to server.</summary>
    RegionWrite = 10,

    /// <summary>DMA_READ, server to client.</summary>
    DmaRead = 11,

    /// <summary>DMA_WRITE, server to client.</summary>
    DmaWrite = 12,

    /// <summary>DEVICE_RESET, client to server.</summary>
    Reset = 13,

    /// <summary>REGION_WRITE_MULTI, client to server.</summary>
    RegionWriteMulti = 15,

    /// <summary>DEVICE_FEATURE, client to server.</summary>
    Feature = 16,

    /// <summary>MIG_DATA_READ, client to server.</summary>
    MigrationDataRead = 17,

    /// <summary>MIG_DATA_WRITE, client to server.</summary>
    MigrationDataWrite = 18,
}

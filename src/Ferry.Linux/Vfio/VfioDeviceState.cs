namespace Ferry.Linux.Vfio;

/// <summary>The migration state of a VFIO device. Source: linux/vfio.h, enum vfio_device_mig_state.</summary>
public enum VfioDeviceState
{
    /// <summary>The device has failed and must be reset.</summary>
    Error = 0,

    /// <summary>The device does not change its state or memory.</summary>
    Stop = 1,

    /// <summary>The device runs.</summary>
    Running = 2,

    /// <summary>Stopped, and its state can be read.</summary>
    StopCopy = 3,

    /// <summary>Stopped, and its state is being written.</summary>
    Resuming = 4,

    /// <summary>Runs, but starts no peer-to-peer DMA (the mail's NDMA).</summary>
    RunningP2P = 5,

    /// <summary>Runs, and part of its state can be read.</summary>
    PreCopy = 6,

    /// <summary>Runs without peer-to-peer DMA, and part of its state can be read.</summary>
    PreCopyP2P = 7,
}

using Ferry.Linux.Vfio;

namespace Ferry.Migration.Devices;

/// <summary>The calls that a kernel device's migration makes, so that a test can fail any of them.</summary>
internal interface IKernelDeviceCalls
{
    /// <summary>What migration it supports.</summary>
    VfioMigrationFlags GetMigrationFlags();

    /// <summary>Its state.</summary>
    VfioDeviceState GetState();

    /// <summary>Takes arcs; gives the data session that the state opens, or null.</summary>
    IKernelDeviceSession? SetState(VfioDeviceState next);

    /// <summary>How many bytes STOP_COPY will give, or null.</summary>
    ulong? EstimateStopCopyBytes();
}

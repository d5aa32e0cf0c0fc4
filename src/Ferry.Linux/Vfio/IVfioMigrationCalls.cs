namespace Ferry.Linux.Vfio;

/// <summary>The calls that a device's migration makes, so that a test can fail any of them.</summary>
internal interface IVfioMigrationCalls
{
    /// <summary>What migration it supports.</summary>
    VfioMigrationFlags GetMigrationFlags();

    /// <summary>Its state.</summary>
    VfioDeviceState GetState();

    /// <summary>Takes arcs; gives the data session that the state opens, or null.</summary>
    IVfioMigrationSession? SetState(VfioDeviceState next);

    /// <summary>How many bytes STOP_COPY will give, or null.</summary>
    ulong? EstimateStopCopyBytes();
}

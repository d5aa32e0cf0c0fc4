namespace Ferry.Linux.Vfio;

/// <summary>What the header calls the states of a device. Source: linux/vfio.h, enum vfio_device_mig_state.</summary>
public static class VfioStateNames
{
    /// <summary>The name without its prefix, for instance <c>RUNNING_P2P</c>; the number where it is no state.</summary>
    public static string Of(VfioDeviceState state) => state switch
    {
        VfioDeviceState.Error => "ERROR",
        VfioDeviceState.Stop => "STOP",
        VfioDeviceState.Running => "RUNNING",
        VfioDeviceState.StopCopy => "STOP_COPY",
        VfioDeviceState.Resuming => "RESUMING",
        VfioDeviceState.RunningP2P => "RUNNING_P2P",
        VfioDeviceState.PreCopy => "PRE_COPY",
        VfioDeviceState.PreCopyP2P => "PRE_COPY_P2P",
        _ => ((int)state).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}

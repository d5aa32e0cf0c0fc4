using Ferry.Linux.Vfio;

namespace Ferry.Conform.Tracing;

/// <summary>States as linux/vfio.h spells them.</summary>
internal static class StateNames
{
    public static string NameOf(VfioDeviceState state) => state switch
    {
        VfioDeviceState.Error => "ERROR",
        VfioDeviceState.Stop => "STOP",
        VfioDeviceState.Running => "RUNNING",
        VfioDeviceState.StopCopy => "STOP_COPY",
        VfioDeviceState.Resuming => "RESUMING",
        VfioDeviceState.RunningP2P => "RUNNING_P2P",
        VfioDeviceState.PreCopy => "PRE_COPY",
        VfioDeviceState.PreCopyP2P => "PRE_COPY_P2P",
        _ => FormattableString.Invariant($"state {(uint)state}"),
    };
}

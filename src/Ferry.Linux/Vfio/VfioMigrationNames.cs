namespace Ferry.Linux.Vfio;

/// <summary>What the header calls the states of a device, and what it can do. Source: linux/vfio.h, enum vfio_device_mig_state and VFIO_MIGRATION_*.</summary>
public static class VfioMigrationNames
{
    private static readonly (VfioMigrationFlags Flag, string Name)[] Flags =
        [(VfioMigrationFlags.StopCopy, "STOP_COPY"), (VfioMigrationFlags.P2P, "P2P"), (VfioMigrationFlags.PreCopy, "PRE_COPY")];

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
    /// <summary>The names without their prefix, for instance <c>STOP_COPY, P2P</c>; bits that are none by their number, and <c>none</c> where there is none.</summary>
    public static string Of(VfioMigrationFlags flags) => string.Join(", ", All(flags)) is { Length: > 0 } names ? names : "none";

    /// <summary>The same, one by one.</summary>
    public static IEnumerable<string> All(VfioMigrationFlags flags)
    {
        foreach (var (flag, name) in Flags)
        {
            if (flags.HasFlag(flag))
            {
                yield return name;
                flags &= ~flag;
            }
        }

        if (flags != VfioMigrationFlags.None)
        {
            yield return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"0x{(ulong)flags:x}");
        }
    }
}

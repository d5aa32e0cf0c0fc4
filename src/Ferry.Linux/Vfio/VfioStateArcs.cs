namespace Ferry.Linux.Vfio;

/// <summary>The arcs of the VFIO migration state machine: which exist for a device, and the way a request takes through them.</summary>
/// <remarks>
/// <code>
///   RESUMING --- STOP ------ RUNNING_P2P ---- RUNNING
///                 |               |              |
///             STOP_COPY &lt;- PRE_COPY_P2P ---- PRE_COPY
/// </code>
/// A request steps through the states between the two. A state that the device lacks is skipped: without P2P, RUNNING goes straight
/// to STOP. No way leads from STOP_COPY back to pre-copy, and none to ERROR or out of it but a reset. Pure and thread-safe.
/// Source: linux/vfio.h, enum vfio_device_mig_state.
/// </remarks>
public static class VfioStateArcs
{
    /// <summary>The number of states in the longest path that <see cref="TryGetPath"/> gives, which is from RESUMING to PRE_COPY.</summary>
    public const int MaxPathStates = 4;

    /// <summary>What a device must support to have <paramref name="state"/>; ERROR needs nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No state of the specification.</exception>
    public static VfioMigrationFlags RequiredFlags(VfioDeviceState state) => state switch
    {
        VfioDeviceState.Error => VfioMigrationFlags.None,
        VfioDeviceState.Stop or VfioDeviceState.Running or VfioDeviceState.StopCopy or VfioDeviceState.Resuming => VfioMigrationFlags.StopCopy,
        VfioDeviceState.RunningP2P => VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P,
        VfioDeviceState.PreCopy => VfioMigrationFlags.StopCopy | VfioMigrationFlags.PreCopy,
        VfioDeviceState.PreCopyP2P => VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy,
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No state of linux/vfio.h."),
    };

    /// <summary>Whether a device that supports <paramref name="flags"/> has <paramref name="state"/>; false for numbers that are no state.</summary>
    public static bool IsSupported(VfioDeviceState state, VfioMigrationFlags flags) =>
        Enum.IsDefined(state) && (RequiredFlags(state) & ~flags) == 0;

    /// <summary>Whether the device takes <paramref name="from"/> to <paramref name="to"/> in one step; false where they are the same.</summary>
    public static bool IsArc(VfioDeviceState from, VfioDeviceState to, VfioMigrationFlags flags) =>
        TryGetNext(from, to, flags, out var next) && next == to && from != to;

    /// <summary>Gives the state that comes first on the way, which is <paramref name="to"/> at the last step or where the two are the same.</summary>
    /// <returns>False, and <paramref name="from"/>, where the specification or the device has no such way.</returns>
    public static bool TryGetNext(VfioDeviceState from, VfioDeviceState to, VfioMigrationFlags flags, out VfioDeviceState next)
    {
        next = from;
        if (!IsReachable(from, flags) || !IsReachable(to, flags) || (from == VfioDeviceState.StopCopy && IsPreCopy(to)))
        {
            return false;
        }

        while (next != to)
        {
            next = Step(next, to);
            if (IsSupported(next, flags))
            {
                break;
            }
        }

        return true;
    }

    /// <summary>Gives the states that a request steps through, without <paramref name="from"/> and with <paramref name="to"/>; empty where they are the same.</summary>
    /// <returns>False, and an empty path, where the specification or the device has no such way.</returns>
    public static bool TryGetPath(VfioDeviceState from, VfioDeviceState to, VfioMigrationFlags flags, out IReadOnlyList<VfioDeviceState> path)
    {
        var states = new List<VfioDeviceState>(MaxPathStates);
        path = states;
        for (var at = from; ;)
        {
            if (!TryGetNext(at, to, flags, out var next))
            {
                return false;
            }

            if (next == at)
            {
                return true;
            }

            states.Add(next);
            at = next;
        }
    }

    private static bool IsReachable(VfioDeviceState state, VfioMigrationFlags flags) =>
        state != VfioDeviceState.Error && IsSupported(state, flags);

    private static bool IsPreCopy(VfioDeviceState state) => state is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P;

    // One step in the whole machine, as if the device had every state. Saving states are never stepped through on the way to
    // others, since entering one opens a data session; only a way that begins and ends in them stays among them.
    private static VfioDeviceState Step(VfioDeviceState from, VfioDeviceState to) => from switch
    {
        VfioDeviceState.Resuming or VfioDeviceState.StopCopy => VfioDeviceState.Stop,
        VfioDeviceState.Stop => to is VfioDeviceState.StopCopy or VfioDeviceState.Resuming ? to : VfioDeviceState.RunningP2P,
        VfioDeviceState.Running => to == VfioDeviceState.PreCopy ? to : VfioDeviceState.RunningP2P,
        VfioDeviceState.RunningP2P => to switch
        {
            VfioDeviceState.PreCopyP2P => to,
            VfioDeviceState.Running or VfioDeviceState.PreCopy => VfioDeviceState.Running,
            _ => VfioDeviceState.Stop,
        },
        VfioDeviceState.PreCopy => to is VfioDeviceState.PreCopyP2P or VfioDeviceState.StopCopy ? VfioDeviceState.PreCopyP2P : VfioDeviceState.Running,
        _ => to is VfioDeviceState.PreCopy or VfioDeviceState.StopCopy ? to : VfioDeviceState.RunningP2P,
    };
}

using Ferry.Linux.Vfio;
using Ferry.VfioUser;

namespace Ferry.Devices.Migration;

/// <summary>The VFIO v2 migration state of one device: takes requests through the arcs between, one at a time.</summary>
/// <remarks>A request that the specification or the device lacks is refused and changes nothing. A device that fails in an arc is in
/// ERROR, and only a reset leads out of that. <see cref="Current"/> may be read from any thread, all else comes from one.
/// Source: linux/vfio.h, enum vfio_device_mig_state.</remarks>
/// <param name="flags">Which states the device has; <see cref="VfioMigrationFlags.None"/> leaves it in RUNNING for ever.</param>
/// <param name="takeArc">Does the work of one arc, from and to; the state is the old one while it runs.</param>
public sealed class MigrationStates(VfioMigrationFlags flags, Action<VfioDeviceState, VfioDeviceState> takeArc)
{
    private volatile VfioDeviceState _current = VfioDeviceState.Running;

    /// <summary>Which states the device has.</summary>
    public VfioMigrationFlags Flags { get; } = flags;

    /// <summary>The state; RUNNING at first.</summary>
    public VfioDeviceState Current => _current;

    /// <summary>Goes to <paramref name="next"/>, through the states between; does nothing where that is the state.</summary>
    /// <exception cref="VfioUserException">EINVAL: there is no such way from here, and nothing changed; or what the device threw
    /// in an arc, and the state is ERROR.</exception>
    public void Set(VfioDeviceState next)
    {
        if (!VfioStateArcs.TryGetNext(_current, next, Flags, out _))
        {
            throw new VfioUserException(Errno.Invalid, $"No way leads from {_current} to {next} on a device with {Flags}.");
        }

        while (_current != next)
        {
            VfioStateArcs.TryGetNext(_current, next, Flags, out var step);
            var taken = false;
            try
            {
                takeArc(_current, step);
                taken = true;
            }
            finally
            {
                _current = taken ? step : VfioDeviceState.Error;
            }
        }
    }

    /// <summary>Goes to RUNNING, as a reset does from any state.</summary>
    public void Reset() => _current = VfioDeviceState.Running;
}

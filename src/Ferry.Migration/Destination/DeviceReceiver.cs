using Ferry.Linux.Vfio;
using Ferry.Migration.Contracts;
using Ferry.Migration.Events;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Destination;

/// <summary>A device on the destination: its states, and its state bytes from the control connection as they come.</summary>
internal sealed class DeviceReceiver(IMigratableDevice device, long maxBytes, EventRecorder events)
{
    private readonly List<VfioDeviceState> _states = [device.State];
    private ulong _bytes;
    private ulong _preCopyBytes;
    private ulong _hash;

    internal string Id => device.Id;

    internal VfioDeviceState State => device.State;

    /// <summary>Whether all of its state came.</summary>
    internal bool IsComplete { get; private set; }

    internal void SetState(VfioDeviceState next)
    {
        DeviceArcs.Take(device, next);
        events.DeviceState(Id, next);
        _states.Add(next);
    }

    internal void Take(ReadOnlySpan<byte> data, bool isPaused)
    {
        if (IsComplete || (ulong)data.Length > (ulong)maxBytes - _bytes)
        {
            throw new StreamProtocolException(
                $"Device {Id} got {data.Length} bytes of state beyond {_bytes}; {(IsComplete ? "its state was complete" : $"the limit is {maxBytes}")}.");
        }

        if (State != VfioDeviceState.Resuming)
        {
            throw new MigrationFailedException(FailureKind.Error, $"State came for device {Id}, which is in {VfioMigrationNames.Of(State)}, not RESUMING.");
        }

        _hash = StateHash.Add(_hash, data);
        _bytes += (ulong)data.Length;
        _preCopyBytes += isPaused ? 0 : (ulong)data.Length;
        device.WriteData(data);
    }

    internal void End(ulong bytes, ulong hash)
    {
        if (IsComplete || bytes != _bytes || hash != _hash)
        {
            throw new MigrationFailedException(
                FailureKind.Verification, $"The state of device {Id} was altered or lost on the way: {_bytes} bytes came of {bytes}.");
        }

        IsComplete = true;
    }

    internal DeviceReport ToReport() => new(Id, [.. _states], _preCopyBytes, _bytes - _preCopyBytes);
}

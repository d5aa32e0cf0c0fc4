using System.Buffers.Binary;
using Ferry.Linux.Vfio;
using Ferry.Migration.Contracts;
using Ferry.Migration.Events;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Source;

/// <summary>A device on the source: its states, and its state bytes to the control connection as they come.</summary>
internal sealed class DeviceSender(uint index, IMigratableDevice device, EventRecorder events)
{
    // What pre-copy may move in one round, so that a device that never runs dry does not hold up all others.
    private const long MaxPreCopyBytesPerVisit = 256L << 20;
    private const int PrefixBytes = 4;

    private readonly List<VfioDeviceState> _states = [device.State];
    private ulong _hash;

    internal string Id => device.Id;

    internal VfioDeviceState State => device.State;

    internal ulong PreCopyBytes { get; private set; }

    internal ulong StopCopyBytes { get; private set; }

    internal void SetState(VfioDeviceState next)
    {
        DeviceArcs.Take(device, next);
        events.DeviceState(Id, next);
        // Rounds may go through P2P states thousands of times; the first few tell it all.
        if (_states.Count < 64)
        {
            _states.Add(next);
        }
        else
        {
            _states[^1] = next;
        }
    }

    internal ulong EstimateStopCopyBytes() => device.EstimateStopCopyBytes() ?? 0;

    /// <summary>Sends what there is now.</summary>
    internal void SendPreCopy(SourceContext context, ControlChannel control) => PreCopyBytes += Send(context, control, MaxPreCopyBytesPerVisit);

    /// <summary>Sends what there is left, and that it is all.</summary>
    internal void SendStopCopy(SourceContext context, ControlChannel control)
    {
        StopCopyBytes += Send(context, control, long.MaxValue);
        Span<byte> end = stackalloc byte[20];
        BinaryPrimitives.WriteUInt32LittleEndian(end, index);
        BinaryPrimitives.WriteUInt64LittleEndian(end[4..], PreCopyBytes + StopCopyBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(end[12..], _hash);
        control.Send(ControlKind.DeviceEnd, end);
    }

    internal DeviceReport ToReport() => new(Id, [.. _states], PreCopyBytes, StopCopyBytes);

    private ulong Send(SourceContext context, ControlChannel control, long maxBytes)
    {
        long sent = 0;
        while (sent < maxBytes)
        {
            context.ThrowIfGivenUp();
            var data = control.Payload[..ControlHeader.LimitOf(ControlKind.DeviceData)][PrefixBytes..];
            var count = device.ReadData(data);
            if (count == 0)
            {
                break;
            }

            if (count < 0 || count > data.Length)
            {
                throw new MigrationFailedException(FailureKind.Error, $"Device {Id} gave {count} bytes where {data.Length} were asked for.");
            }

            _hash = StateHash.Add(_hash, data[..count]);
            BinaryPrimitives.WriteUInt32LittleEndian(control.Payload, index);
            control.SendBuilt(ControlKind.DeviceData, PrefixBytes + count);
            sent += count;
        }

        return (ulong)sent;
    }
}

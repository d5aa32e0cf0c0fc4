using System.Buffers.Binary;
using Ferry.VfioUser.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Ferry.VfioUser.Client;

public sealed partial class VfioUserClient
{
    /// <summary>Asks how many interrupts an index has.</summary>
    public int GetInterruptCount(int index)
    {
        Span<byte> fields = stackalloc byte[InfoBytes];
        fields.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(fields, InfoBytes);
        BinaryPrimitives.WriteInt32LittleEndian(fields[8..], index);
        using var reply = Request(VfioUserCommand.GetInterruptInfo, fields);
        var reader = reply.Reader;
        reader.Take(12);
        return (int)Math.Min(reader.UInt32(), int.MaxValue);
    }

    /// <summary>Makes the device signal <paramref name="events"/> for its interrupts from <paramref name="start"/> on.</summary>
    /// <param name="index">The interrupt index.</param>
    /// <param name="start">The first interrupt.</param>
    /// <param name="events">One eventfd each; they stay the caller's.</param>
    public void SetInterrupts(int index, int start, ReadOnlySpan<SafeFileHandle> events)
    {
        while (!events.IsEmpty)
        {
            // A server that takes none at all is asked with one, and refuses.
            var part = events[..Math.Min(events.Length, Math.Max(Server.MaxMessageDescriptors, 1))];
            SendInterrupts(InterruptFlags.DataEvents, index, start, part.Length, part);
            start += part.Length;
            events = events[part.Length..];
        }
    }

    /// <summary>Disables all interrupts of an index.</summary>
    public void DisableInterrupts(int index) => SendInterrupts(InterruptFlags.DataNone, index, 0, 0, []);

    /// <summary>Makes the device signal interrupts as if they had happened.</summary>
    public void TriggerInterrupts(int index, int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        SendInterrupts(InterruptFlags.DataNone, index, start, count, []);
    }

    private void SendInterrupts(uint data, int index, int start, int count, ReadOnlySpan<SafeFileHandle> events)
    {
        Span<byte> fields = stackalloc byte[InterruptFlags.SetBytes];
        var writer = new PayloadWriter(fields);
        writer.UInt32(InterruptFlags.SetBytes);
        writer.UInt32(data | InterruptFlags.ActionTrigger);
        writer.UInt32((uint)index);
        writer.UInt32((uint)start);
        writer.UInt32((uint)count);
        _channel.Request(VfioUserCommand.SetInterrupts, fields, default, events, 0, _options.RequestTimeout).Dispose();
    }
}

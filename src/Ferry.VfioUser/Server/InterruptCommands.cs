using Ferry.Linux.Events;
using Ferry.VfioUser.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Ferry.VfioUser.Server;

/// <summary>GET_IRQ_INFO and SET_IRQS.</summary>
internal sealed class InterruptCommands(IVfioUserDevice device)
{
    private const int InfoBytes = 16;

    // What the device was given last and now owns; kept only to signal it when the client asks for that.
    private readonly SafeFileHandle?[][] _events = [.. device.InterruptCounts.Select(count => new SafeFileHandle?[count])];

    internal void GetInfo(in CommandContext context)
    {
        var reader = context.Reader;
        var argumentBytes = reader.UInt32();
        reader.UInt32();
        var index = reader.UInt32();
        context.Require(argumentBytes >= InfoBytes, "argsz is too small", argumentBytes, InfoBytes);
        context.Require(index < (uint)_events.Length, "there is no such interrupt index", index, (uint)_events.Length);
        var count = (uint)_events[index].Length;
        var writer = new PayloadWriter(context.Reply.Allocate(InfoBytes));
        writer.UInt32(InfoBytes);
        writer.UInt32(count > 0 ? InterruptFlags.InfoEvents : 0);
        writer.UInt32(index);
        writer.UInt32(count);
    }

    internal void Set(in CommandContext context)
    {
        var reader = context.Reader;
        var argumentBytes = reader.UInt32();
        var flags = reader.UInt32();
        var index = reader.UInt32();
        var start = reader.UInt32();
        var count = reader.UInt32();
        context.Require(argumentBytes >= InterruptFlags.SetBytes, "argsz is too small", argumentBytes, InterruptFlags.SetBytes);
        context.Require(index < (uint)_events.Length, "there is no such interrupt index", index, (uint)_events.Length);
        var total = (uint)_events[index].Length;
        context.Require(start <= total && count <= total - start, "the interrupts leave the index", (ulong)start + count, total);
        var action = flags & InterruptFlags.ActionMask;
        var data = flags & InterruptFlags.DataMask;
        if (action != InterruptFlags.ActionTrigger)
        {
            throw new VfioUserException(Errno.NotSupported, $"SET_IRQS: only triggers are supported, not action 0x{action:x}: no interrupt here is maskable.");
        }

        var descriptors = context.Descriptors.Count;
        context.Require(data == InterruptFlags.DataEvents || descriptors == 0, "descriptors where none belong", (ulong)descriptors, 0);
        switch (data)
        {
            case InterruptFlags.DataNone when count == 0:
                context.Require(start == 0, "a start without a count", start, 0);
                Assign((int)index, 0, (int)total, context, withDescriptors: false);
                break;
            case InterruptFlags.DataNone:
                Signal((int)index, (int)start, (int)count, default);
                break;
            case InterruptFlags.DataBool:
                context.Require(reader.RemainingBytes == (int)count, "another number of values than of interrupts", (ulong)reader.RemainingBytes, count);
                Signal((int)index, (int)start, (int)count, reader.Take(count));
                break;
            case InterruptFlags.DataEvents:
                context.Require(
                    count > 0 && (descriptors == 0 || descriptors == (int)count), "another number of descriptors than of interrupts", (ulong)descriptors, count);
                Assign((int)index, (int)start, (int)count, context, withDescriptors: descriptors > 0);
                break;
            default:
                context.Require(false, "not one kind of data", data, InterruptFlags.DataMask);
                break;
        }
    }

    /// <summary>Disables every interrupt.</summary>
    internal void DisableAll()
    {
        for (var index = 0; index < _events.Length; index++)
        {
            if (_events[index].Length > 0)
            {
                Array.Clear(_events[index]);
                device.SetInterrupts(index, 0, new SafeFileHandle?[_events[index].Length]);
            }
        }
    }

    private void Assign(int index, int start, int count, in CommandContext context, bool withDescriptors)
    {
        if (count == 0)
        {
            return;
        }

        var events = new SafeFileHandle?[count];
        for (var i = 0; withDescriptors && i < count; i++)
        {
            events[i] = context.Descriptors.Take(i);
        }

        try
        {
            device.SetInterrupts(index, start, events);
        }
        catch
        {
            foreach (var handle in events)
            {
                handle?.Dispose();
            }

            throw;
        }

        events.CopyTo(_events[index].AsSpan(start, count));
    }

    private void Signal(int index, int start, int count, ReadOnlySpan<byte> values)
    {
        for (var i = 0; i < count; i++)
        {
            if (_events[index][start + i] is { IsClosed: false } handle && (values.IsEmpty || values[i] != 0))
            {
                new EventFile(handle).Signal();
            }
        }
    }
}

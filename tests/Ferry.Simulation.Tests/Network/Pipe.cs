using System.Buffers;
using System.Runtime.InteropServices;
using Ferry.Linux.Sockets;
using Ferry.Simulation.Tests.Scheduling;

namespace Ferry.Simulation.Tests.Network;

/// <summary>One direction of a connection: a buffer of bytes under way, and what befalls them.</summary>
internal sealed class Pipe(Scheduler scheduler, int capacityBytes) : IDisposable
{
    private const long DripTicks = TimeSpan.TicksPerMillisecond * 200;

    private readonly byte[] _bytes = ArrayPool<byte>.Shared.Rent(capacityBytes);
    private int _first;
    private int _count;
    private long _stalledUntil;

    public LinkFault Fault { get; init; }

    /// <summary>The bytes that pass before it.</summary>
    public long FaultAt { get; init; }

    public TimeSpan StallTime { get; init; }

    /// <summary>The bytes that were sent.</summary>
    public long Sent { get; private set; }

    /// <summary>Whether nothing more will be put in.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Whether nobody takes anything out any more.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether it broke, for both sides.</summary>
    public bool IsBroken { get; private set; }

    public int SpaceBytes => capacityBytes - _count;

    public bool HasUnread => _count > 0;

    /// <summary>The bytes that can be taken out now.</summary>
    public int Readable => scheduler.Time.Ticks < _stalledUntil ? 0 : IsDripping ? Math.Min(_count, 1) : _count;

    private bool IsDripping => Fault == LinkFault.Drip && Sent > FaultAt;

    /// <summary>Puts in as much as there is space for, at most <paramref name="limit"/>.</summary>
    /// <returns>How many bytes were taken from <paramref name="from"/>.</returns>
    public int Put(MemorySegment from, int offset, int limit)
    {
        var count = Math.Min(limit, SpaceBytes);
        if (Fault == LinkFault.Cut && Sent + count > FaultAt)
        {
            count = (int)(FaultAt - Sent);
        }

        if (Fault == LinkFault.Swallow && Sent >= FaultAt)
        {
            Sent += count;
            return count;
        }

        Copy(from, offset, count);
        if (Fault == LinkFault.Alter && FaultAt >= Sent && FaultAt < Sent + count)
        {
            _bytes[(_first + _count + (int)(FaultAt - Sent)) % capacityBytes] ^= 0x10;
        }

        if (Fault == LinkFault.Stall && FaultAt >= Sent && FaultAt < Sent + count)
        {
            StallFor(StallTime.Ticks);
        }

        _count += count;
        Sent += count;
        return count;
    }

    public bool IsCutHere => Fault == LinkFault.Cut && Sent >= FaultAt;

    /// <summary>Takes bytes out.</summary>
    /// <returns>How many.</returns>
    public int Take(MemorySegment to, int offset)
    {
        var count = Math.Min((int)to.LengthBytes - offset, Readable);
        for (var done = 0; done < count;)
        {
            var part = Math.Min(count - done, capacityBytes - _first);
            Marshal.Copy(_bytes, _first, (nint)(to.Start.Value + (nuint)(offset + done)), part);
            _first = (_first + part) % capacityBytes;
            done += part;
        }

        _count -= count;
        if (IsDripping)
        {
            StallFor(DripTicks);
        }

        return count;
    }

    /// <summary>The sender has ended: what is under way still arrives.</summary>
    public void End() => IsEnded = true;

    public void Close() => IsClosed = true;

    /// <summary>It breaks; what is under way is lost or not.</summary>
    public void Break(bool losesBytes)
    {
        (IsBroken, IsEnded) = (true, true);
        if (losesBytes)
        {
            _count = 0;
        }
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);

    private void StallFor(long ticks)
    {
        _stalledUntil = scheduler.Time.Ticks + ticks;
        scheduler.Alarm(_stalledUntil);
    }

    private void Copy(MemorySegment from, int offset, int count)
    {
        for (var done = 0; done < count;)
        {
            var at = (_first + _count + done) % capacityBytes;
            var part = Math.Min(count - done, capacityBytes - at);
            Marshal.Copy((nint)(from.Start.Value + (nuint)(offset + done)), _bytes, at, part);
            done += part;
        }
    }
}

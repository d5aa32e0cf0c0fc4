using System.Runtime.InteropServices;
using Ferry.Memory;
using Ferry.Tracking.AddressSpaces;
using Ferry.VfioUser.Client;

namespace Ferry.VfioUser.Tracking;

/// <summary>Guest memory as one device reaches it by messages: it performs them, and marks what they wrote while a tracker is started.</summary>
/// <remarks>
/// Give it to the device's client as <see cref="VfioUserClientOptions.DmaHandler"/>, which checks each message against what is mapped for
/// that device; it checks again that the bytes are guest memory. What the device wrote is in memory before it is marked, and marked before
/// the device is answered. One lock is held from the write to its mark, so starting, stopping and forbidding wait for the access that is
/// under way; reports need not. Thread-safe; accesses allocate nothing.
/// </remarks>
/// <param name="memory">Guest memory; it has to outlive the client.</param>
/// <param name="space">What the device's addresses stand for; null where they are guest physical addresses.</param>
public sealed class MediatedMemory(GuestMemory memory, AddressSpace? space = null) : IDmaHandler
{
    private readonly Lock _gate = new();
    private readonly IovaRange[] _ranges = [.. memory.Regions.Select(region => region.Range)];
    private bool _isForbidden;

    // Disjoint; empty while no tracker is started.
    private DirtyBitmap[] _marks = [];

    /// <summary>The ranges of guest memory.</summary>
    internal IReadOnlyList<IovaRange> Ranges => _ranges;

    /// <inheritdoc/>
    public bool TryRead(Iova start, Span<byte> data)
    {
        lock (_gate)
        {
            if (_isForbidden || !IsMemory(start, data.Length))
            {
                return false;
            }

            for (int length; !data.IsEmpty; data = data[length..], start = Advance(start, length))
            {
                var bytes = PartFrom(start, data.Length, out _);
                length = bytes.Length;
                if (length == 0)
                {
                    return false;
                }

                bytes.CopyTo(data);
            }

            return true;
        }
    }

    /// <inheritdoc/>
    public bool TryWrite(Iova start, ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            if (_isForbidden || !IsMemory(start, data.Length))
            {
                return false;
            }

            for (int length; !data.IsEmpty; data = data[length..], start = Advance(start, length))
            {
                var bytes = PartFrom(start, data.Length, out var at);
                length = bytes.Length;
                if (length == 0)
                {
                    return false;
                }

                Put(data[..length], bytes, start);
                // Only now: a mark set before the write could be reported, and the page copied, before the bytes are there.
                Mark(at, length);
            }

            return true;
        }
    }

    /// <summary>Lets the device access memory again; it may from the beginning.</summary>
    public void Allow()
    {
        lock (_gate)
        {
            _isForbidden = false;
        }
    }

    /// <summary>Refuses every access until <see cref="Allow"/>; when it returns none is under way.</summary>
    /// <remarks>For a device that was stopped: a message that it gave up, or sends all the same, would otherwise write memory that nobody
    /// reports any more.</remarks>
    public void Forbid()
    {
        lock (_gate)
        {
            _isForbidden = true;
        }
    }

    /// <summary>Marks in <paramref name="marks"/>, which are disjoint, from now on; false where another tracker's are marked.</summary>
    internal bool TryStart(DirtyBitmap[] marks)
    {
        lock (_gate)
        {
            if (_marks.Length > 0)
            {
                return false;
            }

            _marks = marks;
            return true;
        }
    }

    /// <summary>Marks no longer; when it returns nobody touches what <see cref="TryStart"/> was given.</summary>
    internal void Stop()
    {
        lock (_gate)
        {
            _marks = [];
        }
    }

    private static Iova Advance(Iova start, int lengthBytes) => new(unchecked(start.Value + (ulong)lengthBytes));

    // A word that the guest polls, for instance of a completion ring, has to change at once and after all that was written before it.
    private static void Put(ReadOnlySpan<byte> data, Span<byte> memory, Iova start)
    {
        switch (data.Length)
        {
            case sizeof(uint) when start.Value % sizeof(uint) == 0:
                Volatile.Write(ref MemoryMarshal.AsRef<uint>(memory), MemoryMarshal.Read<uint>(data));
                break;
            case sizeof(ulong) when start.Value % sizeof(ulong) == 0:
                Volatile.Write(ref MemoryMarshal.AsRef<ulong>(memory), MemoryMarshal.Read<ulong>(data));
                break;
            default:
                data.CopyTo(memory);
                break;
        }
    }

    private bool IsMemory(Iova start, int lengthBytes)
    {
        while (lengthBytes > 0)
        {
            var length = PartFrom(start, lengthBytes, out _).Length;
            lengthBytes -= length;
            if (length == 0 || (lengthBytes > 0 && start.Value > ulong.MaxValue - (ulong)length))
            {
                return false;
            }

            start = Advance(start, length);
        }

        return true;
    }

    // The bytes from an address on, as many as are wanted and lie in its mapping and region; none where there is no memory.
    private Span<byte> PartFrom(Iova start, int wantedBytes, out Iova at)
    {
        at = start;
        if (space is not null)
        {
            if (!space.TryFind(start, out var mapping))
            {
                return default;
            }

            at = mapping.MemoryOf(new(start, 1)).Start;
            wantedBytes = (int)Math.Min((ulong)wantedBytes - 1, mapping.Range.Last.Value - start.Value) + 1;
        }

        foreach (var range in _ranges)
        {
            if (at >= range.Start && at <= range.Last)
            {
                var length = (int)Math.Min((ulong)wantedBytes - 1, range.Last.Value - at.Value) + 1;
                return memory.TryGetSpan(new(at.Value), length, out var bytes) ? bytes : default;
            }
        }

        return default;
    }

    private void Mark(Iova start, int lengthBytes)
    {
        var last = start.Value + ((ulong)lengthBytes - 1);
        foreach (var marks in _marks)
        {
            var from = Math.Max(marks.Range.Start.Value, start.Value);
            var to = Math.Min(marks.Range.Last.Value, last);
            if (from <= to)
            {
                var first = marks.PageOf(new(from));
                marks.SetPagesAtomic(first, marks.PageOf(new(to)) - first + 1);
            }
        }
    }
}

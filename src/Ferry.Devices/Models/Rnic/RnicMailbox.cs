using System.Runtime.InteropServices;
using Ferry.Linux.Memory;
using Ferry.VfioUser;

namespace Ferry.Devices.Models;

/// <summary>A page-aligned region into which another device writes the sequence of each of its messages by DMA, and which is looked through
/// for one that is missing.</summary>
/// <remarks>Sequence s goes to slot s mod <see cref="Slots"/>, so the slots always hold the last that came, without a gap. A write that was lost, as
/// one to a device that was stopped and moved away, leaves an older sequence in its slot. Source: docs/rnic.md.</remarks>
internal sealed class RnicMailbox : IDisposable
{
    public const int Slots = 8192;
    public const int RegionBytes = Slots * sizeof(ulong);

    private readonly MemoryFile _file;
    private readonly MappedMemory _memory;
    private ulong _last;

    public RnicMailbox()
    {
        _file = MemoryFile.Create("rnic-mailbox", RegionBytes);
        _memory = MappedMemory.MapShared(_file.Handle, 0, RegionBytes, MemoryProtection.Read | MemoryProtection.Write);
        Region = new VfioUserRegion(RegionBytes, Readable: true, Writable: true, _file.Handle, 0, [(0, RegionBytes)]);
    }

    public VfioUserRegion Region { get; }

    /// <summary>The first sequence that came since reset; 0 where none did.</summary>
    public ulong First { get; private set; }

    /// <summary>The last that was seen; from any thread.</summary>
    public ulong Last => Volatile.Read(ref _last);

    /// <summary>Goes on as a mailbox would that got everything from <paramref name="first"/> to <paramref name="last"/>.</summary>
    public void Restore(ulong first, ulong last)
    {
        (First, _last) = (first, last);
        for (ulong slot = 0; slot < Slots; slot++)
        {
            Volatile.Write(ref At(slot), SequenceIn(slot, last) is var sequence && sequence >= first ? sequence : 0);
        }
    }

    public void Read(ulong offset, Span<byte> data) => _memory.GetSpan(offset, data.Length).CopyTo(data);

    /// <summary>Looks through all slots.</summary>
    /// <returns>Whether nothing is missing of what came.</returns>
    public bool Check()
    {
        // What is missing is told by the newest sequence that was there before the look began: others come meanwhile, in order.
        ulong newest = 0, oldest = ulong.MaxValue;
        for (ulong slot = 0; slot < Slots; slot++)
        {
            var sequence = Volatile.Read(ref At(slot));
            newest = Math.Max(newest, sequence);
            oldest = sequence == 0 ? oldest : Math.Min(oldest, sequence);
        }

        if (newest == 0)
        {
            return true;
        }

        First = First == 0 ? oldest : First;
        Volatile.Write(ref _last, newest);
        for (ulong slot = 0; slot < Slots; slot++)
        {
            var expected = SequenceIn(slot, newest);
            if (expected >= First && Volatile.Read(ref At(slot)) < expected)
            {
                return false;
            }
        }

        return true;
    }

    public void Dispose()
    {
        _memory.Dispose();
        _file.Dispose();
    }

    // The last sequence up to one that has its place there; 0 where there is none.
    private static ulong SequenceIn(ulong slot, ulong last)
    {
        var back = unchecked(last - slot) % Slots;
        return back <= last ? last - back : 0;
    }

    private ref ulong At(ulong slot) => ref MemoryMarshal.AsRef<ulong>(_memory.GetSpan(slot * sizeof(ulong), sizeof(ulong)));
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Ferry.Linux.Memory;
using Ferry.VfioUser;

namespace Ferry.Devices.Models;

/// <summary>The two doorbell pages of an rnic: one is trapped, the guest writes the other straight into memory that the worker looks at.</summary>
/// <remarks>A page counts only when what stands there has changed: the one that the guest leaves alone keeps an old value, which after
/// 2^31 more messages would look like a new one. Source: docs/rnic.md.</remarks>
internal sealed class RnicDoorbells : IDisposable
{
    private const int PageBytes = 4096;
    private const int RegionBytes = 2 * PageBytes;
    private const int RxTail = 0x00;
    private const int CqHead = 0x40;

    private readonly MemoryFile _file;
    private readonly MappedMemory _memory;
    private RnicDoorbellValues _taken;

    public RnicDoorbells()
    {
        _file = MemoryFile.Create("rnic-doorbells", RegionBytes);
        _memory = MappedMemory.MapShared(_file.Handle, 0, RegionBytes, MemoryProtection.Read | MemoryProtection.Write);
        Region = new VfioUserRegion(RegionBytes, Readable: true, Writable: true, _file.Handle, 0, [(PageBytes, PageBytes)]);
    }

    public VfioUserRegion Region { get; }

    /// <summary>What stands there now.</summary>
    public RnicDoorbellValues Values => new(At(RxTail), At(CqHead), At(PageBytes + RxTail), At(PageBytes + CqHead));

    /// <summary>What stood there when the worker last looked.</summary>
    public RnicDoorbellValues Taken => _taken;

    public void Restore(in RnicDoorbellValues values, in RnicDoorbellValues taken)
    {
        Put(RxTail, values.TrappedRxTail);
        Put(CqHead, values.TrappedCqHead);
        Put(PageBytes + RxTail, values.MappedRxTail);
        Put(PageBytes + CqHead, values.MappedCqHead);
        _taken = taken;
    }

    public void Read(ulong offset, Span<byte> data) => _memory.GetSpan(offset, data.Length).CopyTo(data);

    /// <summary>Takes a write of one aligned index; any other is ignored.</summary>
    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (data.Length == sizeof(uint) && offset % PageBytes is RxTail or CqHead)
        {
            Put((int)offset, BinaryPrimitives.ReadUInt32LittleEndian(data));
        }
    }

    /// <summary>Moves the indices on to what the guest wrote since the last look, if that is ahead.</summary>
    public void Poll(ref RnicIndices indices)
    {
        var now = Values;
        var (rxTail, cqHead) = (indices.RxTail, indices.CqHead);
        rxTail = Later(rxTail, _taken.TrappedRxTail, now.TrappedRxTail);
        rxTail = Later(rxTail, _taken.MappedRxTail, now.MappedRxTail);
        cqHead = Later(cqHead, _taken.TrappedCqHead, now.TrappedCqHead);
        cqHead = Later(cqHead, _taken.MappedCqHead, now.MappedCqHead);
        (indices.RxTail, indices.CqHead) = (rxTail, cqHead);
        _taken = now;
    }

    public void Dispose()
    {
        _memory.Dispose();
        _file.Dispose();
    }

    private static uint Later(uint known, uint taken, uint now) =>
        now != taken && unchecked((int)(now - known)) > 0 ? now : known;

    private uint At(int offset) => Volatile.Read(ref Word(offset));

    private void Put(int offset, uint value) => Volatile.Write(ref Word(offset), value);

    private ref uint Word(int offset) => ref MemoryMarshal.AsRef<uint>(_memory.GetSpan((ulong)offset, sizeof(uint)));
}

using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.VfioUser.Client;

namespace Ferry.VfioUser.Tests;

/// <summary>Memory that a device accesses by messages.</summary>
internal sealed class GuestBytes : IDmaHandler, IDisposable
{
    public const int MappedBytes = 4 << 20;

    private readonly MappedMemory _memory = MappedMemory.MapAnonymous(MappedBytes, MemoryProtection.Read | MemoryProtection.Write);

    public int LargestWrite { get; private set; }


    public Span<byte> Span(ulong offset, int length) => _memory.GetSpan(offset, length);

    public bool TryRead(Iova start, Span<byte> data)
    {
        _memory.GetSpan(start.Value, data.Length).CopyTo(data);
        return true;
    }

    public bool TryWrite(Iova start, ReadOnlySpan<byte> data)
    {
        LargestWrite = Math.Max(LargestWrite, data.Length);
        data.CopyTo(_memory.GetSpan(start.Value, data.Length));
        return true;
    }

    public void Dispose() => _memory.Dispose();
}

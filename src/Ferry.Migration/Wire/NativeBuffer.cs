using Ferry.Linux.Memory;
using Ferry.Linux.Sockets;
using Ferry.Memory;

namespace Ferry.Migration.Wire;

/// <summary>Memory that does not move, to be sent from and received into.</summary>
internal sealed class NativeBuffer(int lengthBytes) : IDisposable
{
    private const int PageBytes = 4096;

    private readonly MappedMemory _memory = MappedMemory.MapAnonymous(
        ((ulong)lengthBytes + PageBytes - 1) & ~(PageBytes - 1UL), MemoryProtection.Read | MemoryProtection.Write);

    internal int LengthBytes => lengthBytes;

    internal Span<byte> Span => _memory.GetSpan(0, lengthBytes);

    internal MemorySegment Segment(int offsetBytes, int countBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)offsetBytes + (ulong)(uint)countBytes, (ulong)lengthBytes);
        return new MemorySegment(new Hva(_memory.Address.Value + (nuint)offsetBytes), (nuint)countBytes);
    }

    public void Dispose() => _memory.Dispose();
}

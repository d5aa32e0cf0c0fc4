using System.Buffers.Binary;

namespace Ferry.VfioUser.Protocol;

/// <summary>Writes little-endian fields one after the other into a buffer that has room for them.</summary>
internal ref struct PayloadWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    internal int WrittenBytes { get; private set; }

    internal readonly ReadOnlySpan<byte> Written => _buffer[..WrittenBytes];

    internal void UInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Reserve(sizeof(ushort)), value);

    internal void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Reserve(sizeof(uint)), value);

    internal void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Reserve(sizeof(ulong)), value);

    internal void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    internal Span<byte> Reserve(int countBytes)
    {
        var reserved = _buffer.Slice(WrittenBytes, countBytes);
        WrittenBytes += countBytes;
        return reserved;
    }
}

using System.Buffers.Binary;

namespace Ferry.VfioUser.Protocol;

/// <summary>What every message begins with.</summary>
/// <remarks>
/// <code>
///  0        2        4                8                12               16
///  | id u16 | cmd u16| size u32       | flags u32      | errno u32      | payload ...
/// </code>
/// The size includes the header. Little-endian. Source: QEMU docs/interop/vfio-user.rst, Header.
/// </remarks>
internal readonly record struct MessageHeader(ushort Id, VfioUserCommand Command, int SizeBytes, uint Flags, int ErrorNumber)
{
    internal const int Bytes = 16;
    internal const uint TypeMask = 0xf;
    internal const uint TypeReply = 1;
    internal const uint FlagNoReply = 0x10;
    internal const uint FlagError = 0x20;

    internal bool IsReply => (Flags & TypeMask) == TypeReply;

    internal bool WantsReply => (Flags & FlagNoReply) == 0;

    internal int PayloadBytes => SizeBytes - Bytes;

    /// <exception cref="VfioUserProtocolException">A size outside [16, <paramref name="maxBytes"/>], or a type that is none.</exception>
    internal static MessageHeader Read(ReadOnlySpan<byte> bytes, int maxBytes)
    {
        var sizeBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        VfioUserProtocolException.Require(sizeBytes >= Bytes, "A message is shorter than its header", sizeBytes, Bytes);
        VfioUserProtocolException.Require(sizeBytes <= (uint)maxBytes, "A message is longer than was agreed", sizeBytes, (uint)maxBytes);
        VfioUserProtocolException.Require((flags & TypeMask) <= TypeReply, "A message has an unknown type", flags & TypeMask, TypeReply);
        return new MessageHeader(
            BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            (VfioUserCommand)BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]),
            (int)sizeBytes,
            flags,
            (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]), int.MaxValue));
    }

    internal void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, Id);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], (ushort)Command);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], SizeBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], Flags);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], ErrorNumber);
    }
}

using System.Buffers.Binary;
using System.IO.Hashing;

namespace Ferry.Migration.Wire;

/// <summary>The first 64 bytes of every connection, sent by the source.</summary>
/// <remarks>
/// <code>
///  0 magic "FERRYMIG"   8 major u16  10 minor u16  12 kind u16  14 channel u16
/// 16 migration id, 16 bytes            32 token, 16 bytes; zero where none was issued yet
/// 48 reserved, 0                        56 XxHash3 of the 56 bytes before
/// </code>
/// The magic, the versions and the checksum never move, so any version can refuse any other by name.
/// </remarks>
internal readonly record struct Opening(ConnectionKind Kind, ushort Channel, Guid MigrationId, UInt128 Token)
{
    internal const int LengthBytes = 64;

    internal ushort Major { get; init; } = StreamVersion.Major;

    internal ushort Minor { get; private init; } = StreamVersion.Minor;

    private static ReadOnlySpan<byte> Magic => "FERRYMIG"u8;

    internal void Write(Span<byte> to)
    {
        to = to[..LengthBytes];
        to.Clear();
        Magic.CopyTo(to);
        BinaryPrimitives.WriteUInt16LittleEndian(to[8..], Major);
        BinaryPrimitives.WriteUInt16LittleEndian(to[10..], Minor);
        BinaryPrimitives.WriteUInt16LittleEndian(to[12..], (ushort)Kind);
        BinaryPrimitives.WriteUInt16LittleEndian(to[14..], Channel);
        _ = MigrationId.TryWriteBytes(to[16..]);
        BinaryPrimitives.WriteUInt128LittleEndian(to[32..], Token);
        BinaryPrimitives.WriteUInt64LittleEndian(to[56..], XxHash3.HashToUInt64(to[..56]));
    }

    /// <exception cref="StreamProtocolException">It is none.</exception>
    internal static Opening Parse(ReadOnlySpan<byte> from)
    {
        if (from.Length != LengthBytes || !from.StartsWith(Magic))
        {
            throw new StreamProtocolException("The connection does not begin as a migration stream does.");
        }

        if (BinaryPrimitives.ReadUInt64LittleEndian(from[56..]) != XxHash3.HashToUInt64(from[..56]))
        {
            throw new StreamProtocolException("The opening of a connection was altered: its checksum is wrong.");
        }

        var kind = BinaryPrimitives.ReadUInt16LittleEndian(from[12..]);
        return new Opening(
            (ConnectionKind)kind,
            BinaryPrimitives.ReadUInt16LittleEndian(from[14..]),
            new Guid(from.Slice(16, 16)),
            BinaryPrimitives.ReadUInt128LittleEndian(from[32..]))
        {
            Major = BinaryPrimitives.ReadUInt16LittleEndian(from[8..]),
            Minor = BinaryPrimitives.ReadUInt16LittleEndian(from[10..]),
        };
    }
}

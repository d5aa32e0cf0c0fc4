using System.Buffers.Binary;
using System.Text;

namespace Ferry.Devices.Migration;

/// <summary>How a device's state travels: the constants and fields of its data stream, all little-endian.</summary>
/// <remarks>
/// <code>
///   prologue  0 magic u64 | 8 format u16, 2 reserved, 12 model version u32 | 16 model, 16 bytes of ASCII, zero padded
///            32 sections u32 | 36 reserved u32 | 40 checksum u64 over bytes 0 to 39 and the table
///            then a table, 16 bytes a section: id u32, reserved u32, length u64
///   record    0 kind u32 (1 piece, 2 end) | 4 section id u32 | 8 offset u64 | 16 length u32 | 20 ordinal u32, from 0
///            24 checksum u64 over bytes 0 to 23 and the data, which follow a piece
/// </code>
/// A piece overrides what was there before. The pieces of a section first come in order, so none can be left out. The end record
/// has the sum of the pieces' lengths as its offset; nothing follows it. Checksums are XXH3, 64 bits: they find damage, not malice.
/// </remarks>
internal static class StateStream
{
    public const ulong Magic = 0x5645445952524546; // "FERRYDEV"
    public const ushort Format = 1;
    public const int PrologueBytes = 48;
    public const int PrologueChecksumOffset = 40;
    public const int TableEntryBytes = 16;
    public const int MaxSections = 32;
    public const int ModelBytes = 16;
    public const int RecordBytes = 32;
    public const int RecordChecksumOffset = 24;
    public const uint Piece = 1;
    public const uint End = 2;

    public static void WriteModel(Span<byte> field, string model)
    {
        field.Clear();
        Encoding.ASCII.GetBytes(model, field);
    }

    public static void WriteRecord(Span<byte> record, uint kind, uint section, ulong offset, int lengthBytes, uint ordinal)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(record, kind);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], section);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], offset);
        BinaryPrimitives.WriteInt32LittleEndian(record[16..], lengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(record[20..], ordinal);
    }
}

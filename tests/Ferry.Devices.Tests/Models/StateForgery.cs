using System.Buffers.Binary;
using System.IO.Hashing;

namespace Ferry.Devices.Tests.Models;

/// <summary>Alters a state stream of two sections so that its framing stays right.</summary>
internal static class StateForgery
{
    private const int PrologueBytes = 48 + (2 * 16);
    private const int RecordBytes = 32;

    private static readonly int[] IndexFields = [40, 44, 48, 52, 56, 60, 72, 76];

    private delegate void CoreChange(Span<byte> core);

    /// <summary>Leaves out one piece, counted from 0.</summary>
    public static byte[] WithoutPiece(byte[] stream, int piece)
    {
        using var forged = new MemoryStream();
        forged.Write(stream, 0, PrologueBytes);
        uint ordinal = 0;
        var left = 0UL;
        for (int at = PrologueBytes, index = 0; at < stream.Length; index++)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(stream.AsSpan(at + 16));
            var record = stream.AsSpan(at, RecordBytes + length).ToArray();
            at += record.Length;
            if (index == piece)
            {
                left = (ulong)length;
                continue;
            }

            if (BinaryPrimitives.ReadUInt32LittleEndian(record) == 2)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(8), BinaryPrimitives.ReadUInt64LittleEndian(record.AsSpan(8)) - left);
            }

            BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(20), ordinal++);
            Seal(record);
            forged.Write(record);
        }

        return forged.ToArray();
    }

    /// <summary>Sets the number of messages sent to 0 in a state without connections.</summary>
    public static byte[] WithoutSequence(byte[] stream) => WithCore(stream, core => core[88..96].Clear());

    /// <summary>Sets every index to <paramref name="index"/>, and what the trapped doorbell page holds, in a state without connections.</summary>
    public static byte[] WithIndices(byte[] stream, uint index) => WithCore(stream, core =>
    {
        foreach (var field in IndexFields)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(core[field..], index);
        }
    });

    private static byte[] WithCore(byte[] stream, CoreChange change)
    {
        var forged = stream.ToArray();
        var record = forged.AsSpan(PrologueBytes, RecordBytes + BinaryPrimitives.ReadInt32LittleEndian(forged.AsSpan(PrologueBytes + 16)));
        change(record[RecordBytes..]);
        Seal(record);
        return forged;
    }

    /// <summary>Gives a record the checksum that its fields and data have now.</summary>
    private static void Seal(Span<byte> record)
    {
        var hash = new XxHash3();
        hash.Append(record[..24]);
        hash.Append(record[RecordBytes..]);
        BinaryPrimitives.WriteUInt64LittleEndian(record[24..], hash.GetCurrentHashAsUInt64());
    }
}

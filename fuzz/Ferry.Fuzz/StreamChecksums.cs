using System.Buffers.Binary;
using System.IO.Hashing;
using Ferry.Migration.Wire;

namespace Ferry.Fuzz;

/// <summary>Makes the checksums of a control stream right, whatever its fields say.</summary>
internal static class StreamChecksums
{
    internal static byte[] Mend(ReadOnlySpan<byte> input)
    {
        byte[] mended = [.. input];
        if (mended.Length < Opening.LengthBytes)
        {
            return mended;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(mended.AsSpan(56), XxHash3.HashToUInt64(mended.AsSpan(0, 56)));
        uint sequence = 0;
        for (var rest = mended.AsSpan(Opening.LengthBytes); rest.Length >= ControlHeader.LengthBytes;)
        {
            var payloadBytes = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]), (uint)(rest.Length - ControlHeader.LengthBytes));
            ControlHeader.Write(rest, (ControlKind)BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]), payloadBytes, sequence++);
            rest = rest[(ControlHeader.LengthBytes + payloadBytes)..];
        }

        return mended;
    }
}

using System.Buffers.Binary;
using System.IO.Hashing;

namespace Ferry.Migration.Wire;

/// <summary>What stands before the payload of every control frame.</summary>
/// <remarks>
/// <code>
/// 0 magic "FCTL"  4 kind u16  6 reserved u16, 0  8 payload bytes u32  12 sequence u32, from 0 in each direction
/// 16 XxHash3 of the payload, seeded with the XxHash3 of the 16 bytes before
/// </code>
/// </remarks>
internal readonly record struct ControlHeader(ControlKind Kind, int PayloadBytes, uint Sequence, ulong Checksum)
{
    internal const int LengthBytes = 24;
    internal const int MaxPayloadBytes = 1 << 20;
    private const uint Magic = 0x4c54_4346;

    /// <summary>The most bytes that a frame of <paramref name="kind"/> may carry; -1 for a kind that is none.</summary>
    internal static int LimitOf(ControlKind kind) => kind switch
    {
        ControlKind.Describe => MaxPayloadBytes,
        ControlKind.DeviceData or ControlKind.VcpuData or ControlKind.AheadData => 256 << 10,
        ControlKind.DeviceEnd => 20,
        ControlKind.VcpuEnd or ControlKind.AheadEnd => 16,
        ControlKind.Paused or ControlKind.Verify or ControlKind.Commit or ControlKind.Done or ControlKind.Prepared => 0,
        ControlKind.Prepare => 9,
        ControlKind.Abort or ControlKind.Refuse => MaxTextBytes,
        ControlKind.Failed or ControlKind.State => 1 + MaxTextBytes,
        ControlKind.Accept => 16,
        ControlKind.Busy or ControlKind.Ready => 8,
        ControlKind.RoundAck => 14,
        ControlKind.VerifyResult => 8 + (8 * 4096),
        ControlKind.Running => 256,
        _ => -1,
    };

    /// <summary>The longest text in a frame.</summary>
    internal const int MaxTextBytes = 4096;

    /// <summary>Writes the header of a frame whose payload follows at <see cref="LengthBytes"/> of <paramref name="frame"/>.</summary>
    internal static void Write(Span<byte> frame, ControlKind kind, int payloadBytes, uint sequence)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[4..], (ushort)kind);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[6..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(frame[8..], payloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[12..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[16..], Hash(frame[..16], frame.Slice(LengthBytes, payloadBytes)));
    }

    /// <exception cref="StreamProtocolException">It is none, not in its turn, or longer than its kind may be.</exception>
    internal static ControlHeader Parse(ReadOnlySpan<byte> from, uint expectedSequence)
    {
        var magic = BinaryPrimitives.ReadUInt32LittleEndian(from);
        var kind = (ControlKind)BinaryPrimitives.ReadUInt16LittleEndian(from[4..]);
        var payloadBytes = BinaryPrimitives.ReadUInt32LittleEndian(from[8..]);
        var sequence = BinaryPrimitives.ReadUInt32LittleEndian(from[12..]);
        if (magic != Magic || BinaryPrimitives.ReadUInt16LittleEndian(from[6..]) != 0)
        {
            throw new StreamProtocolException($"A control frame begins with 0x{magic:x8} instead of 0x{Magic:x8}.");
        }

        if (LimitOf(kind) < 0 || payloadBytes > LimitOf(kind))
        {
            throw new StreamProtocolException($"A control frame of kind {(ushort)kind} with {payloadBytes} bytes; the limit is {LimitOf(kind)}.");
        }

        return sequence == expectedSequence
            ? new ControlHeader(kind, (int)payloadBytes, sequence, BinaryPrimitives.ReadUInt64LittleEndian(from[16..]))
            : throw new StreamProtocolException($"Control frame {sequence} came where {expectedSequence} was due: frames were lost or repeated.");
    }

    /// <exception cref="StreamProtocolException">Header or payload were altered.</exception>
    internal void Check(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        if (Hash(header[..16], payload) != Checksum)
        {
            throw new StreamProtocolException($"Control frame {Sequence} ({Kind}) was altered: its checksum is wrong.");
        }
    }

    private static ulong Hash(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload) =>
        XxHash3.HashToUInt64(payload, (long)XxHash3.HashToUInt64(header));
}

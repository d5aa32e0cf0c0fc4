using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Ferry.Devices.Models;

/// <summary>The messages that <see cref="Rnic"/> writes. Source: docs/rnic.md.</summary>
public static class RnicMessage
{
    /// <summary>The bytes before the payload.</summary>
    public const int HeaderBytes = 64;

    /// <summary>The first word of every message.</summary>
    public const ulong Magic = 0x4D53475959524546;

    private const ulong SequenceFactor = 0x9E3779B97F4A7C15;
    private const ulong PlaceFactor = 0xBF58476D1CE4E5B9;
    private const ulong ChecksumFactor = 0x94D049BB133111EB;

    /// <summary>Writes a whole message.</summary>
    /// <param name="message">Where; its length, a multiple of 64, is the message's.</param>
    /// <param name="sequence">Its number, from 1.</param>
    /// <param name="strideBytes">The distance of the payload words that the quick checksum covers; a multiple of 8, at least 8.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length or the stride is no such multiple.</exception>
    public static void Write(Span<byte> message, ulong sequence, uint strideBytes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(message.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(message.Length % HeaderBytes, 0, nameof(message));
        ArgumentOutOfRangeException.ThrowIfLessThan(strideBytes, 8U);
        ArgumentOutOfRangeException.ThrowIfNotEqual(strideBytes % 8, 0U, nameof(strideBytes));
        WritePayload(message[HeaderBytes..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(message, Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(message[8..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(message[16..], QuickChecksum(sequence, message.Length - HeaderBytes, strideBytes));
        BinaryPrimitives.WriteInt32LittleEndian(message[24..], message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(message[28..], strideBytes);
        message[32..HeaderBytes].Clear();
    }

    /// <summary>The quick checksum of a payload of <paramref name="payloadBytes"/> bytes.</summary>
    /// <remarks>The covered words are an arithmetic series, so it needs none of them.</remarks>
    public static ulong QuickChecksum(ulong sequence, int payloadBytes, uint strideBytes)
    {
        var count = ((ulong)payloadBytes + strideBytes - 1) / strideBytes;
        var pairs = (count & 1) == 0 ? count / 2 * (count - 1) : count * ((count - 1) / 2);
        return unchecked((count * sequence * SequenceFactor) + (pairs * (strideBytes / 8) * PlaceFactor) + (sequence * ChecksumFactor));
    }

    private static void WritePayload(Span<byte> payload, ulong sequence)
    {
        unchecked
        {
            var first = sequence * SequenceFactor;
            if (Vector512.IsHardwareAccelerated)
            {
                var words = Vector512.Create(first) + (Vector512<ulong>.Indices * PlaceFactor);
                var step = Vector512.Create(8 * PlaceFactor);
                foreach (ref var eight in MemoryMarshal.Cast<byte, Vector512<ulong>>(payload))
                {
                    eight = words;
                    words += step;
                }
            }
            else
            {
                var words = Vector256.Create(first) + (Vector256<ulong>.Indices * PlaceFactor);
                var step = Vector256.Create(4 * PlaceFactor);
                foreach (ref var four in MemoryMarshal.Cast<byte, Vector256<ulong>>(payload))
                {
                    four = words;
                    words += step;
                }
            }
        }
    }
}

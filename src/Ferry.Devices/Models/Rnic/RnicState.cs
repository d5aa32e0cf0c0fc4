using System.Buffers.Binary;
using Ferry.VfioUser;

namespace Ferry.Devices.Models;

/// <summary>The small part of an rnic's state: registers, ring indices, doorbells, counters. 160 bytes, little-endian.</summary>
/// <remarks>
/// <code>
///    0 message bytes u32 | 4 enabled u32 | 8 faults u32 | 12 stride u32 | 16 rx base u64 | 24 cq base u64
///   32 rx entries u32 | 36 cq entries u32 | 40 indices: rx tail, rx head, cq tail, cq head, u32 each
///   56 doorbells now: trapped rx tail, cq head, mapped rx tail, cq head, u32 each | 72 doorbells as taken, the same
///   88 sent u64 | 96 stalls u64 | 104 seed u64 | 112 peer base u64 | 120 first mail u64 | 128 last mail u64 | 136 reserved, 0
/// </code>
/// </remarks>
internal record struct RnicState(
    uint MessageBytes, bool IsEnabled, RnicFaults Faults, RnicSetup Setup, RnicIndices Indices,
    RnicDoorbellValues Doorbells, RnicDoorbellValues DoorbellsTaken, ulong Sent, ulong Stalls, ulong Seed,
    ulong FirstMail, ulong LastMail)
{
    public const int EncodedBytes = 160;

    private const int ReservedOffset = 136;

    public readonly void Encode(Span<byte> bytes)
    {
        bytes.Clear();
        PutWords(bytes, MessageBytes, IsEnabled ? 1U : 0, (uint)Faults, Setup.StrideBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], Setup.RxBase);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], Setup.CqBase);
        PutWords(bytes[32..], Setup.RxEntries, Setup.CqEntries, Indices.RxTail, Indices.RxHead);
        PutWords(bytes[48..], Indices.CqTail, Indices.CqHead, Doorbells.TrappedRxTail, Doorbells.TrappedCqHead);
        PutWords(bytes[64..], Doorbells.MappedRxTail, Doorbells.MappedCqHead, DoorbellsTaken.TrappedRxTail, DoorbellsTaken.TrappedCqHead);
        PutWords(bytes[80..], DoorbellsTaken.MappedRxTail, DoorbellsTaken.MappedCqHead);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[88..], Sent);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[96..], Stalls);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[104..], Seed);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[112..], Setup.PeerBase);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[120..], FirstMail);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[128..], LastMail);
    }

    /// <summary>Reads what <see cref="Encode"/> wrote, and checks it as if a guest had set it.</summary>
    /// <exception cref="VfioUserException">EINVAL: a device of <paramref name="messageBytes"/> can't be in that state.</exception>
    public static RnicState Decode(ReadOnlySpan<byte> bytes, int messageBytes)
    {
        var (enabled, faults) = (Word(bytes, 4), Word(bytes, 8));
        var state = new RnicState(
            Word(bytes, 0), enabled == 1, (RnicFaults)faults,
            new(Word(bytes, 12), Long(bytes, 16), Word(bytes, 32), Long(bytes, 24), Word(bytes, 36)) { PeerBase = Long(bytes, 112) },
            new(Word(bytes, 40), Word(bytes, 44), Word(bytes, 48), Word(bytes, 52)),
            new(Word(bytes, 56), Word(bytes, 60), Word(bytes, 64), Word(bytes, 68)),
            new(Word(bytes, 72), Word(bytes, 76), Word(bytes, 80), Word(bytes, 84)),
            Long(bytes, 88), Long(bytes, 96), Long(bytes, 104), Long(bytes, 120), Long(bytes, 128));
        if (state.MessageBytes != (uint)messageBytes)
        {
            throw Refuse($"its messages have {state.MessageBytes} bytes, this device's {messageBytes}");
        }

        if (enabled > 1 || faults > (uint)(RnicFaults.Unusable | RnicFaults.Inconsistent | RnicFaults.MailMissing) || state.FirstMail > state.LastMail || bytes[ReservedOffset..EncodedBytes].ContainsAnyExcept((byte)0))
        {
            throw Refuse($"enabled is {enabled}, faults are {faults}, mail is from {state.FirstMail} to {state.LastMail}, or reserved bytes are not 0");
        }

        if (state.IsEnabled && !(state.Setup.IsUsable && state.Indices.AreWithin(state.Setup)) && state.Faults == RnicFaults.None)
        {
            throw Refuse($"it is enabled with {state.Setup} and {state.Indices}");
        }

        return state;
    }

    private static VfioUserException Refuse(string why) => new(Errno.Invalid, $"The state of rnic can't be taken: {why}.");

    private static void PutWords(Span<byte> bytes, params ReadOnlySpan<uint> words)
    {
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(i * 4)..], words[i]);
        }
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private static ulong Long(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}

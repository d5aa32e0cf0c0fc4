using System.Buffers.Binary;
using System.IO.Hashing;
using Ferry.Migration.Pages;

namespace Ferry.Migration.Wire;

/// <summary>What stands before every chunk on a data channel.</summary>
/// <remarks>
/// <code>
///  0 magic "FCHK"     4 kind u8   5 flags u8   6 channel u16    8 round u32        12 runs u32
/// 16 pages u32       20 payload bytes u32     24 sequence u64, from 0 on each channel
/// 32 XxHash3 of the table, seeded with that of the 32 bytes before
/// then the table: runs * (first page u32, pages u32), and where there is a payload pages * XxHash3 of the page u64
/// then the payload
/// </code>
/// </remarks>
internal readonly record struct ChunkHeader
{
    internal const int LengthBytes = 40;
    internal const int MaxRuns = 256;
    internal const int MaxPages = 256;
    internal const int MaxPayloadBytes = MaxPages * PageLayout.PageBytes;
    internal const int MaxTableBytes = (MaxRuns + MaxPages) * sizeof(ulong);

    /// <summary>Nothing writes guest memory any more, so a page whose hash is wrong was altered on the way.</summary>
    internal const byte Quiesced = 1;

    private const uint Magic = 0x4b48_4346;

    internal required ChunkKind Kind { get; init; }

    internal required byte Flags { get; init; }

    internal required ushort Channel { get; init; }

    internal required uint Round { get; init; }

    internal required int Runs { get; init; }

    internal required int Pages { get; init; }

    internal required int PayloadBytes { get; init; }

    internal required ulong Sequence { get; init; }

    internal ulong TableChecksum { get; init; }

    internal bool HasPayload => Kind is ChunkKind.Raw or ChunkKind.Lz4 or ChunkKind.Zstd;

    internal int TableBytes => (Runs + (HasPayload ? Pages : 0)) * sizeof(ulong);

    /// <summary>Writes the header before the table, which is at <see cref="LengthBytes"/> of <paramref name="chunk"/> already.</summary>
    internal void Write(Span<byte> chunk)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(chunk, Magic);
        chunk[4] = (byte)Kind;
        chunk[5] = Flags;
        BinaryPrimitives.WriteUInt16LittleEndian(chunk[6..], Channel);
        BinaryPrimitives.WriteUInt32LittleEndian(chunk[8..], Round);
        BinaryPrimitives.WriteInt32LittleEndian(chunk[12..], Runs);
        BinaryPrimitives.WriteInt32LittleEndian(chunk[16..], Pages);
        BinaryPrimitives.WriteInt32LittleEndian(chunk[20..], PayloadBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(chunk[24..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(chunk[32..], Hash(chunk, chunk.Slice(LengthBytes, TableBytes)));
    }

    /// <summary>Reads a header and checks every number in it against its bounds.</summary>
    /// <exception cref="StreamProtocolException">It is none, or a number is out of bounds.</exception>
    internal static ChunkHeader Parse(ReadOnlySpan<byte> from)
    {
        var magic = BinaryPrimitives.ReadUInt32LittleEndian(from);
        if (magic != Magic)
        {
            throw new StreamProtocolException($"A chunk begins with 0x{magic:x8} instead of 0x{Magic:x8}.");
        }

        var kind = (ChunkKind)from[4];
        var runs = BinaryPrimitives.ReadUInt32LittleEndian(from[12..]);
        var pages = BinaryPrimitives.ReadUInt32LittleEndian(from[16..]);
        var payloadBytes = BinaryPrimitives.ReadUInt32LittleEndian(from[20..]);
        var isRight = kind switch
        {
            ChunkKind.EndOfRound => runs == 0 && pages == 0 && payloadBytes == 0,
            ChunkKind.Zero => runs is > 0 and <= MaxRuns && pages >= runs && pages <= runs * PageLayout.StripePages && payloadBytes == 0,
            ChunkKind.Raw or ChunkKind.Lz4 or ChunkKind.Zstd => runs is > 0 and <= MaxRuns && pages >= runs && pages <= MaxPages
                && (kind == ChunkKind.Raw ? payloadBytes == pages * PageLayout.PageBytes : payloadBytes > 0 && payloadBytes < pages * PageLayout.PageBytes),
            _ => false,
        };
        if (!isRight || from[5] > Quiesced)
        {
            throw new StreamProtocolException(
                $"A chunk of kind {(byte)kind}, flags {from[5]}, with {runs} runs, {pages} pages and {payloadBytes} payload bytes; the limits are {MaxRuns} runs and {MaxPages} pages.");
        }

        return new ChunkHeader
        {
            Kind = kind,
            Flags = from[5],
            Channel = BinaryPrimitives.ReadUInt16LittleEndian(from[6..]),
            Round = BinaryPrimitives.ReadUInt32LittleEndian(from[8..]),
            Runs = (int)runs,
            Pages = (int)pages,
            PayloadBytes = (int)payloadBytes,
            Sequence = BinaryPrimitives.ReadUInt64LittleEndian(from[24..]),
            TableChecksum = BinaryPrimitives.ReadUInt64LittleEndian(from[32..]),
        };
    }

    /// <summary>Checks the checksum, and that the runs exist, are in order, belong to the channel and make up the pages.</summary>
    /// <exception cref="StreamProtocolException">They don't.</exception>
    internal void CheckTable(ReadOnlySpan<byte> header, ReadOnlySpan<byte> table, PageLayout layout, int channels)
    {
        if (Hash(header, table) != TableChecksum)
        {
            throw new StreamProtocolException($"Chunk {Sequence} of channel {Channel} was altered: the checksum of its header and table is wrong.");
        }

        ulong pages = 0, end = 0;
        for (var i = 0; i < Runs; i++)
        {
            var (first, count) = Run(table, i);
            if (!layout.IsRun(first, count) || first < end || first / PageLayout.StripePages % (uint)channels != Channel)
            {
                throw new StreamProtocolException(
                    $"Chunk {Sequence} of channel {Channel} has a run of {count} pages from page {first}, which don't exist, are not in order or belong to another channel.");
            }

            end = (ulong)first + count;
            pages += count;
        }

        if (pages != (ulong)Pages)
        {
            throw new StreamProtocolException($"Chunk {Sequence} of channel {Channel} says {Pages} pages, its runs have {pages}.");
        }
    }

    internal static (uint First, uint Count) Run(ReadOnlySpan<byte> table, int index) =>
        (BinaryPrimitives.ReadUInt32LittleEndian(table[(index * 8)..]), BinaryPrimitives.ReadUInt32LittleEndian(table[((index * 8) + 4)..]));

    internal ulong PageHash(ReadOnlySpan<byte> table, int page) => BinaryPrimitives.ReadUInt64LittleEndian(table[((Runs + page) * 8)..]);

    private static ulong Hash(ReadOnlySpan<byte> header, ReadOnlySpan<byte> table) =>
        XxHash3.HashToUInt64(table, (long)XxHash3.HashToUInt64(header[..32]));
}

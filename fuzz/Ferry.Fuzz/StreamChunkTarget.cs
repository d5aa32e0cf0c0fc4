using System.Buffers.Binary;
using System.IO.Hashing;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Migration.Destination;
using Ferry.Migration.Execution;
using Ferry.Migration.Pages;
using Ferry.Migration.Wire;

namespace Ferry.Fuzz;

/// <summary>Chunks of a data channel, received into guest memory. The first byte is the compression.</summary>
internal sealed class StreamChunkTarget : IFuzzTarget
{
    private const int MaxChunks = 64;

    /// <inheritdoc/>
    public string Name => "stream-chunk";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return;
        }

        var compression = (PageCompression)(input[0] % 3);
        Read(compression, input[1..].ToArray());
        Read(compression, Mend(input[1..]));
    }

    private static void Read(PageCompression compression, byte[] bytes)
    {
        using var file = GuestMemoryFile.Create([(new Gpa(0), 5 << 20), (new Gpa(1UL << 32), 3 << 20)]);
        var layout = new PageLayout(file.Memory);
        using var populator = new Populator(EngineHost.Real, new MemoryOnlyMachine(file), layout, [], PopulateMode.None, 1);
        using var reader = new ChunkReader(new PageSink(layout), 0, 2, new BytesConnection(bytes), compression, populator);
        try
        {
            for (var i = 0; i < MaxChunks; i++)
            {
                _ = reader.Take();
            }
        }
        catch (Exception e) when (e is StreamProtocolException or EndOfStreamException or MigrationFailedException)
        {
            // Refused, with the reason.
        }
    }

    // Makes sequences and checksums right, so that what lies behind them is reached.
    private static byte[] Mend(ReadOnlySpan<byte> input)
    {
        byte[] mended = [.. input];
        ulong sequence = 0;
        for (var rest = mended.AsSpan(); rest.Length >= ChunkHeader.LengthBytes;)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest[24..], sequence++);
            var hasPayload = rest[4] is 1 or 3 or 4;
            var tableBytes = 8L * (BinaryPrimitives.ReadUInt32LittleEndian(rest[12..]) + (hasPayload ? BinaryPrimitives.ReadUInt32LittleEndian(rest[16..]) : 0L));
            var table = rest[ChunkHeader.LengthBytes..][..(int)Math.Min(tableBytes, rest.Length - ChunkHeader.LengthBytes)];
            BinaryPrimitives.WriteUInt64LittleEndian(rest[32..], XxHash3.HashToUInt64(table, (long)XxHash3.HashToUInt64(rest[..32])));
            var next = ChunkHeader.LengthBytes + tableBytes + BinaryPrimitives.ReadUInt32LittleEndian(rest[20..]);
            rest = next < rest.Length ? rest[(int)next..] : [];
        }

        return mended;
    }
}

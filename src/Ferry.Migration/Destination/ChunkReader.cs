using System.IO.Hashing;
using Ferry.Linux.Sockets;
using Ferry.Migration.Execution;
using Ferry.Migration.Pages;
using Ferry.Migration.Reports;
using Ferry.Migration.Transport;
using Ferry.Migration.Wire;
using K4os.Compression.LZ4;
using ZstdSharp;

namespace Ferry.Migration.Destination;

/// <summary>Receives chunks of one channel into guest memory.</summary>
/// <remarks>Nothing of a chunk reaches guest memory before its header and table were checked. Used by one thread; allocates nothing after
/// construction.</remarks>
internal sealed class ChunkReader : IDisposable
{
    private readonly PageSink _sink;
    private readonly ushort _channel;
    private readonly int _channels;
    private readonly IConnection _connection;
    private readonly Populator _populator;
    private readonly NativeBuffer _frame = new(ChunkHeader.LengthBytes + ChunkHeader.MaxTableBytes);
    private readonly NativeBuffer? _payload;
    private readonly NativeBuffer? _pages;
    private readonly PageCompression _compression;
    private readonly Decompressor? _zstd;
    private readonly MemorySegment[] _segments = new MemorySegment[ChunkHeader.MaxRuns];
    private ulong _sequence;

    internal ChunkReader(PageSink sink, ushort channel, int channels, IConnection connection, PageCompression compression, Populator populator)
    {
        (_sink, _channel, _channels, _connection, _compression, _populator) = (sink, channel, channels, connection, compression, populator);
        if (compression != PageCompression.None)
        {
            _payload = new NativeBuffer(ChunkHeader.MaxPayloadBytes);
            _pages = new NativeBuffer(ChunkHeader.MaxPayloadBytes);
            _zstd = compression == PageCompression.Zstd ? new Decompressor() : null;
        }
    }

    /// <summary>The round that is to come or under way, from 1.</summary>
    internal uint Round { get; private set; } = 1;

    internal ulong ReceivedBytes { get; private set; }

    internal ulong ReceivedPages { get; private set; }

    internal ulong ZeroPages { get; private set; }

    internal ulong UntouchedZeroPages { get; private set; }

    /// <summary>Takes one chunk.</summary>
    /// <returns>Whether it ended the round.</returns>
    /// <exception cref="StreamProtocolException">It is none, or not in its turn.</exception>
    /// <exception cref="MigrationFailedException">A page was altered on the way.</exception>
    internal bool Take()
    {
        _segments[0] = _frame.Segment(0, ChunkHeader.LengthBytes);
        _connection.Receive(_segments.AsSpan(0, 1));
        var header = ChunkHeader.Parse(_frame.Span);
        if (header.Channel != _channel || header.Sequence != _sequence || header.Round != Round)
        {
            throw new StreamProtocolException(
                $"Chunk {header.Sequence} of round {header.Round} on channel {header.Channel} came where chunk {_sequence} of round {Round} on channel {_channel} was due.");
        }

        _segments[0] = _frame.Segment(ChunkHeader.LengthBytes, header.TableBytes);
        _connection.Receive(_segments.AsSpan(0, 1));
        ReadOnlySpan<byte> table = _frame.Span.Slice(ChunkHeader.LengthBytes, header.TableBytes);
        header.CheckTable(_frame.Span[..ChunkHeader.LengthBytes], table, _sink.Layout, _channels);
        _sequence++;
        ReceivedBytes += (ulong)(ChunkHeader.LengthBytes + table.Length + header.PayloadBytes);
        switch (header.Kind)
        {
            case ChunkKind.EndOfRound:
                Round++;
                return true;
            case ChunkKind.Zero:
                TakeZero(header, table);
                return false;
            case ChunkKind.Raw:
                TakeRaw(header, table);
                return false;
            default:
                TakeCompressed(header, table);
                return false;
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        _frame.Dispose();
        _payload?.Dispose();
        _pages?.Dispose();
        _zstd?.Dispose();
    }

    /// <summary>Wakes whoever waits in the connection. May come from any thread.</summary>
    internal void Abort() => _connection.Abort();

    /// <summary>Waits until the next chunk begins to come, however long that is.</summary>
    internal void WaitForNext() => _connection.WaitToReceive(Timeout.InfiniteTimeSpan);

    private void TakeZero(in ChunkHeader header, ReadOnlySpan<byte> table)
    {
        for (var i = 0; i < header.Runs; i++)
        {
            var (first, count) = ChunkHeader.Run(table, i);
            for (uint j = 0; j < count; j++)
            {
                UntouchedZeroPages += _sink.SetZero(first + j) ? 0u : 1u;
            }
        }

        ZeroPages += (ulong)header.Pages;
    }

    private void TakeRaw(in ChunkHeader header, ReadOnlySpan<byte> table)
    {
        for (var i = 0; i < header.Runs; i++)
        {
            var (first, count) = ChunkHeader.Run(table, i);
            _populator.Ensure(first / PageLayout.StripePages);
            _segments[i] = _sink.Layout.SegmentOf(first, count);
        }

        _connection.Receive(_segments.AsSpan(0, header.Runs));
        CheckPages(header, table);
    }

    private void TakeCompressed(in ChunkHeader header, ReadOnlySpan<byte> table)
    {
        if (_payload is null || _pages is null || header.Kind != (_compression == PageCompression.Zstd ? ChunkKind.Zstd : ChunkKind.Lz4))
        {
            throw new StreamProtocolException($"Chunk {header.Sequence} of channel {_channel} is {header.Kind}; the machine's description said {_compression}.");
        }

        _segments[0] = _payload.Segment(0, header.PayloadBytes);
        _connection.Receive(_segments.AsSpan(0, 1));
        var pages = _pages.Span[..(header.Pages * PageLayout.PageBytes)];
        if (!TryDecompress(_payload.Span[..header.PayloadBytes], pages))
        {
            throw new MigrationFailedException(FailureKind.Verification, $"Chunk {header.Sequence} of channel {_channel} was altered on the way: it does not decompress to {pages.Length} bytes.");
        }

        ReadOnlySpan<byte> rest = pages;
        for (var i = 0; i < header.Runs; i++)
        {
            var (first, count) = ChunkHeader.Run(table, i);
            _populator.Ensure(first / PageLayout.StripePages);
            var to = _sink.Layout.SpanOf(first, count);
            rest[..to.Length].CopyTo(to);
            rest = rest[to.Length..];
        }

        CheckPages(header, table);
    }

    private bool TryDecompress(ReadOnlySpan<byte> payload, Span<byte> pages)
    {
        if (_zstd is null)
        {
            return LZ4Codec.Decode(payload, pages) == pages.Length;
        }

        try
        {
            return _zstd.TryUnwrap(payload, pages, out var written) && written == pages.Length;
        }
        catch (ZstdException)
        {
            return false;
        }
    }

    // The bytes are hashed where they are now, so what is compared is what the guest will see.
    private void CheckPages(in ChunkHeader header, ReadOnlySpan<byte> table)
    {
        var index = 0;
        for (var i = 0; i < header.Runs; i++)
        {
            var (first, count) = ChunkHeader.Run(table, i);
            ReadOnlySpan<byte> bytes = _sink.Layout.SpanOf(first, count);
            for (uint j = 0; j < count; j++)
            {
                var isTorn = XxHash3.HashToUInt64(bytes.Slice((int)j * PageLayout.PageBytes, PageLayout.PageBytes)) != header.PageHash(table, index++);
                if (isTorn && (header.Flags & ChunkHeader.Quiesced) != 0)
                {
                    throw new MigrationFailedException(
                        FailureKind.Verification, $"The page at {_sink.Layout.AddressOf(first + j)} was altered on the way: its hash is wrong, and nothing wrote it any more.");
                }

                _sink.Written(first + j, isTorn);
            }
        }

        ReceivedPages += (ulong)header.Pages;
    }
}

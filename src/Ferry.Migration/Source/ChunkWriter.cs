using System.Buffers.Binary;
using System.IO.Hashing;
using Ferry.Linux.Sockets;
using Ferry.Memory;
using Ferry.Migration.Execution;
using Ferry.Migration.Pages;
using Ferry.Migration.Transport;
using Ferry.Migration.Wire;
using K4os.Compression.LZ4;
using ZstdSharp;

namespace Ferry.Migration.Source;

/// <summary>Collects pages into chunks and sends them on one channel.</summary>
/// <remarks>Uncompressed pages are sent from where they are, so what is sent may be newer than what was hashed: the receiver knows such a page as
/// torn, and the write that tore it is tracked. Pages to be compressed are copied first, since a compressor may not see its input change.
/// Used by one thread; the counters may be read by any. Allocates nothing after construction.</remarks>
internal sealed class ChunkWriter : IDisposable
{
    private const int ZstdLevel = 1;
    private const int RunBytes = 8;

    // What was hashed should still be in the core's own cache when the kernel copies it; a compressor likes more to look back at.
    private const int RawChunkPages = 64;

    private readonly PageLayout _layout;
    private readonly ushort _channel;
    private readonly IConnection _connection;
    private readonly PageCompression _compression;
    private readonly BandwidthLimit _limit;
    private readonly NativeBuffer _frame = new(ChunkHeader.LengthBytes + ChunkHeader.MaxTableBytes);
    private readonly NativeBuffer? _staging;
    private readonly NativeBuffer? _compressed;
    private readonly Compressor? _zstd;
    private readonly MemorySegment[] _segments = new MemorySegment[1 + ChunkHeader.MaxRuns];
    private readonly (uint First, uint Count)[] _runs = new (uint, uint)[ChunkHeader.MaxRuns];
    private readonly (uint First, uint Count)[] _zeroRuns = new (uint, uint)[ChunkHeader.MaxRuns];
    private readonly ulong[] _hashes = new ulong[ChunkHeader.MaxPages];
    private readonly int _chunkPages;
    private int _runCount;
    private int _pageCount;
    private int _zeroRunCount;
    private int _zeroPageCount;
    private ulong _sequence;
    private uint _round;
    private byte _flags;
    private bool _isOver;
    private long _sentBytes;
    private long _sentPages;
    private long _sentZeroPages;

    internal ChunkWriter(PageLayout layout, ushort channel, IConnection connection, PageCompression compression, BandwidthLimit limit)
    {
        (_layout, _channel, _connection, _compression, _limit) = (layout, channel, connection, compression, limit);
        _chunkPages = compression == PageCompression.None ? RawChunkPages : ChunkHeader.MaxPages;
        if (compression != PageCompression.None)
        {
            _staging = new NativeBuffer(ChunkHeader.MaxPayloadBytes);
            _compressed = new NativeBuffer(ChunkHeader.MaxPayloadBytes);
            _zstd = compression == PageCompression.Zstd ? new Compressor(ZstdLevel) : null;
        }
    }

    internal ulong SentBytes => (ulong)Volatile.Read(ref _sentBytes);

    internal ulong SentPages => (ulong)Volatile.Read(ref _sentPages);

    internal ulong ZeroPages => (ulong)Volatile.Read(ref _sentZeroPages);

    /// <summary>Makes whatever is sent next fail. May come from any thread.</summary>
    internal void Stop() => Volatile.Write(ref _isOver, true);

    /// <summary>Wakes whoever waits in the connection. May come from any thread.</summary>
    internal void Abort() => _connection.Abort();

    internal void BeginRound(uint round, bool quiesced) => (_round, _flags) = (round, quiesced ? ChunkHeader.Quiesced : (byte)0);

    /// <summary>Adds a page, whatever it holds now; pages are added in order.</summary>
    internal void Add(uint page)
    {
        ReadOnlySpan<byte> bytes = _layout.SpanOf(page, 1);
        Prefetch.After(bytes);
        if (!bytes.ContainsAnyExcept((byte)0))
        {
            AddZero(page, 1);
            return;
        }

        if (_staging is not null)
        {
            var copy = _staging.Span.Slice(_pageCount * PageLayout.PageBytes, PageLayout.PageBytes);
            bytes.CopyTo(copy);
            bytes = copy;
        }

        _hashes[_pageCount] = XxHash3.HashToUInt64(bytes);
        Append(_runs, ref _runCount, page, 1);
        _pageCount++;
        if (_pageCount == _chunkPages)
        {
            FlushPages();
        }
    }

    /// <summary>Adds pages of one stripe that are zero, without looking at them.</summary>
    internal void AddZero(uint first, uint count)
    {
        // Untouched pages of a stripe come before those that were looked at, and runs of a chunk are in order.
        if (_zeroRunCount > 0 && _zeroRuns[_zeroRunCount - 1].First >= first)
        {
            FlushZero();
        }

        Append(_zeroRuns, ref _zeroRunCount, first, count);
        _zeroPageCount += (int)count;
        if (_zeroRunCount == ChunkHeader.MaxRuns)
        {
            FlushZero();
        }
    }

    internal void EndRound()
    {
        FlushPages();
        FlushZero();
        Send(ChunkKind.EndOfRound, _runs.AsSpan(0, 0), 0, 0, 1);
    }

    public void Dispose()
    {
        _connection.Dispose();
        _frame.Dispose();
        _staging?.Dispose();
        _compressed?.Dispose();
        _zstd?.Dispose();
    }

    private static void Append(Span<(uint First, uint Count)> runs, ref int count, uint first, uint pages)
    {
        // A run ends with its stripe, which keeps it within a region and a channel.
        if (count > 0 && runs[count - 1] is var last && last.First + last.Count == first && first % PageLayout.StripePages != 0)
        {
            runs[count - 1].Count += pages;
            return;
        }

        runs[count++] = (first, pages);
    }

    private void FlushZero()
    {
        if (_zeroRunCount > 0)
        {
            Send(ChunkKind.Zero, _zeroRuns.AsSpan(0, _zeroRunCount), _zeroPageCount, 0, 1);
            Volatile.Write(ref _sentZeroPages, _sentZeroPages + _zeroPageCount);
            (_zeroRunCount, _zeroPageCount) = (0, 0);
        }
    }

    private void FlushPages()
    {
        if (_pageCount == 0)
        {
            return;
        }

        var runs = _runs.AsSpan(0, _runCount);
        var payloadBytes = _pageCount * PageLayout.PageBytes;
        for (var i = 0; i < _pageCount; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_frame.Span[(ChunkHeader.LengthBytes + (RunBytes * (runs.Length + i)))..], _hashes[i]);
        }

        if (_staging is null)
        {
            for (var i = 0; i < runs.Length; i++)
            {
                _segments[1 + i] = _layout.SegmentOf(runs[i].First, runs[i].Count);
            }

            Send(ChunkKind.Raw, runs, _pageCount, payloadBytes, 1 + runs.Length);
        }
        else
        {
            var compressedBytes = Compress(_staging.Span[..payloadBytes], _compressed!.Span[..(payloadBytes - 1)]);
            _segments[1] = compressedBytes > 0 ? _compressed.Segment(0, compressedBytes) : _staging.Segment(0, payloadBytes);
            var kind = compressedBytes == 0 ? ChunkKind.Raw : _zstd is null ? ChunkKind.Lz4 : ChunkKind.Zstd;
            Send(kind, runs, _pageCount, compressedBytes > 0 ? compressedBytes : payloadBytes, 2);
        }

        Volatile.Write(ref _sentPages, _sentPages + _pageCount);
        (_runCount, _pageCount) = (0, 0);
    }

    // 0 where it would not shrink.
    private int Compress(ReadOnlySpan<byte> from, Span<byte> to)
    {
        if (_zstd is not null)
        {
            return _zstd.TryWrap(from, to, out var written) ? written : 0;
        }

        return Math.Max(0, LZ4Codec.Encode(from, to));
    }

    private void Send(ChunkKind kind, ReadOnlySpan<(uint First, uint Count)> runs, int pages, int payloadBytes, int segments)
    {
        var frame = _frame.Span;
        for (var i = 0; i < runs.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(frame[(ChunkHeader.LengthBytes + (i * RunBytes))..], runs[i].First);
            BinaryPrimitives.WriteUInt32LittleEndian(frame[(ChunkHeader.LengthBytes + (i * RunBytes) + 4)..], runs[i].Count);
        }

        var header = new ChunkHeader
        {
            Kind = kind,
            Flags = _flags,
            Channel = _channel,
            Round = _round,
            Runs = runs.Length,
            Pages = pages,
            PayloadBytes = payloadBytes,
            Sequence = _sequence++,
        };
        header.Write(frame);
        var headBytes = ChunkHeader.LengthBytes + header.TableBytes;
        if (!_limit.Wait(headBytes + payloadBytes, ref _isOver))
        {
            throw new OperationCanceledException("The channel was stopped.");
        }

        _segments[0] = _frame.Segment(0, headBytes);
        _connection.Send(_segments.AsSpan(0, segments));
        Volatile.Write(ref _sentBytes, _sentBytes + headBytes + payloadBytes);
    }
}

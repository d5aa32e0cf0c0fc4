using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Ferry.Memory;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Transport;
using Microsoft.Win32.SafeHandles;

namespace Ferry.VfioUser.Client;

public sealed partial class VfioUserClient
{
    private const int MapBytes = 32;
    private const int UnmapBytes = 24;
    private const int BitmapHeadBytes = 16;
    private const int RequestsUnderWay = 32;

    /// <summary>Lets the device access memory.</summary>
    /// <param name="range">Where the device sees it; made of whole 4 KiB pages.</param>
    /// <param name="fileOffset">Where <paramref name="file"/> holds it; 0 without one.</param>
    /// <param name="read">Whether the device may read it.</param>
    /// <param name="write">Whether it may write it.</param>
    /// <param name="file">What the device maps; stays the caller's. Null makes the device ask by messages, which
    /// <see cref="VfioUserClientOptions.DmaHandler"/> performs.</param>
    public void MapDma(IovaRange range, ulong fileOffset, bool read, bool write, SafeFileHandle? file)
    {
        var started = Stopwatch.GetTimestamp();
        EndMap(BeginMap(new(range, fileOffset, read, write), file), started);
    }

    /// <summary>Lets the device access memory in many places, at a fraction of the time that one after the other takes: many requests are under way at once.</summary>
    /// <remarks>Where it throws, those that were mapped are mapped no more, as far as the device still answers.</remarks>
    /// <param name="mappings">The places, in the order in which they are asked for.</param>
    /// <param name="file">As for <see cref="MapDma(IovaRange, ulong, bool, bool, SafeFileHandle?)"/>.</param>
    public void MapDma(IReadOnlyList<VfioUserMapping> mappings, SafeFileHandle? file)
    {
        ArgumentNullException.ThrowIfNull(mappings);
        var mapped = new List<IovaRange>(mappings.Count);
        try
        {
            InParallel(mappings, mapping => BeginMap(mapping, file), (request, started) =>
            {
                EndMap(request, started);
                mapped.Add(request.Range);
            });
        }
        catch
        {
            TryUnmap(mapped);
            throw;
        }
    }

    /// <summary>Takes memory back that was mapped with exactly this range; when it returns the device does not access it, by messages
    /// neither.</summary>
    public void UnmapDma(IovaRange range) => Unmap(range, 0);

    /// <summary>Takes memory back in many places; as <see cref="MapDma(IReadOnlyList{VfioUserMapping}, SafeFileHandle?)"/>. Where it throws, the others are given back all the same.</summary>
    public void UnmapDma(IReadOnlyList<IovaRange> ranges)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        InParallel(ranges, BeginUnmap, (request, started) =>
        {
            _channel.Complete(request.Slot, _options.RequestTimeout, started).Dispose();
            _mappings.Remove(request.Range);
        });
    }

    /// <summary>Takes memory back and ORs into <paramref name="dirty"/> the pages of it that were not reported yet.</summary>
    /// <remarks>Where the bitmap is larger than the device gives at once, every page of the range is set instead.</remarks>
    /// <param name="range">Exactly as it was mapped; within the bitmap's range.</param>
    /// <param name="pageSize">The page size that is logged.</param>
    /// <param name="dirty">Where to.</param>
    public void UnmapDma(IovaRange range, PageSize pageSize, DirtyBitmap dirty)
    {
        ArgumentNullException.ThrowIfNull(dirty);
        if (!range.IsAligned(pageSize) || !dirty.Range.Contains(range))
        {
            throw new ArgumentOutOfRangeException(nameof(range), range, $"The range is not made of pages of {pageSize} or not within {dirty.Range}.");
        }

        var pages = range.LengthBytes >> pageSize.Shift;
        var bitmapBytes = (pages + 63) / 64 * sizeof(ulong);
        if (bitmapBytes > (ulong)MaxBitmapBytes)
        {
            Unmap(range, 0);
            dirty.Set(range);
            return;
        }

        var replyBytes = UnmapBytes + BitmapHeadBytes + (int)bitmapBytes;
        Span<byte> fields = stackalloc byte[UnmapBytes + BitmapHeadBytes];
        var writer = new PayloadWriter(fields);
        WriteUnmap(ref writer, replyBytes, DmaFlags.UnmapGetDirty, range);
        writer.UInt64(pageSize.Bytes);
        writer.UInt64(bitmapBytes);
        try
        {
            using var reply = Request(VfioUserCommand.DmaUnmap, fields, default, replyBytes);
            _mappings.Remove(range);
            var reader = reply.Reader;
            reader.Take(UnmapBytes + BitmapHeadBytes);
            dirty.Or(reader.Bitmap(pages), range.Start, pageSize, pages);
        }
        catch (IOException)
        {
            dirty.Set(range);
            throw;
        }
    }

    /// <summary>Takes all memory back.</summary>
    public void UnmapAllDma()
    {
        Span<byte> fields = stackalloc byte[UnmapBytes];
        fields.Clear();
        var writer = new PayloadWriter(fields);
        writer.UInt32(UnmapBytes);
        writer.UInt32(DmaFlags.UnmapAll);
        Request(VfioUserCommand.DmaUnmap, fields).Dispose();
        _mappings.Clear();
    }

    private MapRequest BeginMap(VfioUserMapping mapping, SafeFileHandle? file)
    {
        Span<byte> fields = stackalloc byte[MapBytes];
        var writer = new PayloadWriter(fields);
        writer.UInt32(MapBytes);
        writer.UInt32((mapping.Read ? DmaFlags.MapRead : 0) | (mapping.Write ? DmaFlags.MapWrite : 0));
        writer.UInt64(file is null ? 0 : mapping.FileOffsetBytes);
        writer.UInt64(mapping.Range.Start.Value);
        writer.UInt64(mapping.Range.LengthBytes);
        // Before the device knows of it, since it may use it before its answer has arrived.
        var isNew = _mappings.TryAdd(mapping.Range, mapping.Read, mapping.Write);
        try
        {
            return new(mapping.Range, isNew, _channel.Begin(VfioUserCommand.DmaMap, fields, default, file is null ? [] : [file], 0, _options.RequestTimeout));
        }
        catch
        {
            Forget(mapping.Range, isNew);
            throw;
        }
    }

    private void EndMap(MapRequest request, long started)
    {
        try
        {
            _channel.Complete(request.Slot, _options.RequestTimeout, started).Dispose();
        }
        catch
        {
            Forget(request.Range, request.IsNew);
            throw;
        }
    }

    private MapRequest BeginUnmap(IovaRange range)
    {
        Span<byte> fields = stackalloc byte[UnmapBytes];
        var writer = new PayloadWriter(fields);
        WriteUnmap(ref writer, UnmapBytes, 0, range);
        return new(range, IsNew: false, _channel.Begin(VfioUserCommand.DmaUnmap, fields, default, [], MessageChannel.SmallReplyBytes, _options.RequestTimeout));
    }

    private void TryUnmap(List<IovaRange> ranges)
    {
        try
        {
            UnmapDma(ranges);
        }
        catch (IOException)
        {
            // It maps nothing any more, or does not answer.
        }
    }

    // Ends every request that it began; the first failure is the one to tell.
    private static void InParallel<T>(IReadOnlyList<T> items, Func<T, MapRequest> begin, Action<MapRequest, long> end)
    {
        var pending = new Queue<(MapRequest Request, long Started)>(RequestsUnderWay);
        Exception? failure = null;
        for (var next = 0; pending.Count > 0 || (next < items.Count && failure is null);)
        {
            try
            {
                if (next < items.Count && failure is null && pending.Count < RequestsUnderWay)
                {
                    pending.Enqueue((begin(items[next++]), Stopwatch.GetTimestamp()));
                    continue;
                }

                var (request, started) = pending.Dequeue();
                end(request, started);
            }
            catch (IOException e)
            {
                failure ??= e;
            }
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    private void Forget(IovaRange range, bool isNew)
    {
        if (isNew)
        {
            _mappings.Remove(range);
        }
    }

    private readonly record struct MapRequest(IovaRange Range, bool IsNew, RequestSlot Slot);

    private static void WriteUnmap(ref PayloadWriter writer, int argumentBytes, uint flags, IovaRange range)
    {
        writer.UInt32((uint)argumentBytes);
        writer.UInt32(flags);
        writer.UInt64(range.Start.Value);
        writer.UInt64(range.LengthBytes);
    }

    private void Unmap(IovaRange range, uint flags)
    {
        Span<byte> fields = stackalloc byte[UnmapBytes];
        var writer = new PayloadWriter(fields);
        WriteUnmap(ref writer, UnmapBytes, flags, range);
        Request(VfioUserCommand.DmaUnmap, fields).Dispose();
        _mappings.Remove(range);
    }
}

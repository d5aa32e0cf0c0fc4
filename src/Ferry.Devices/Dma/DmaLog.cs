using Ferry.Memory;
using Ferry.VfioUser;

namespace Ferry.Devices.Dma;

/// <summary>Which pages a device wrote, in the ranges that are logged.</summary>
/// <remarks>Marked from any thread inside the gate of <see cref="DmaWindows"/>, reported beside that, started and stopped with the gate
/// closed. A report never loses a mark: it takes each word with one exchange. Source: linux/vfio.h, VFIO_DEVICE_FEATURE_DMA_LOGGING_START.</remarks>
internal sealed class DmaLog(DmaLogLimits limits)
{
    // Sorted by address, disjoint.
    private volatile DirtyBitmap[] _bitmaps = [];

    public bool IsStarted => _bitmaps.Length > 0;

    /// <summary>The page size of a log that is started.</summary>
    public PageSize PageSize => _bitmaps[0].PageSize;

    /// <summary>Checks a request and allocates what it needs, so that nothing is left to fail when it starts.</summary>
    public DirtyBitmap[] Prepare(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        if (limits.PageSizes.Count == 0)
        {
            throw new VfioUserException(Errno.NotSupported, "The device does not log its DMA.");
        }

        if (IsStarted || !limits.PageSizes.Contains(pageSize))
        {
            throw new VfioUserException(Errno.Invalid, IsStarted
                ? "DMA is logged already."
                : $"Pages of {pageSize} are not logged, only of {string.Join(", ", limits.PageSizes)}.");
        }

        if (ranges.Count == 0 || ranges.Count > limits.MaxRanges)
        {
            throw new VfioUserException(ranges.Count == 0 ? Errno.Invalid : Errno.TooBig, $"{ranges.Count} ranges are not 1 to {limits.MaxRanges}.");
        }

        IovaRange[] sorted = [.. ranges.OrderBy(range => range.Start.Value)];
        var bitmapBytes = 0UL;
        for (var i = 0; i < sorted.Length; i++)
        {
            if (!sorted[i].IsAligned(pageSize) || (i > 0 && sorted[i].Start <= sorted[i - 1].Last))
            {
                throw new VfioUserException(Errno.Invalid, $"{sorted[i]} is not made of whole pages of {pageSize}, or overlaps another range.");
            }

            bitmapBytes += ((sorted[i].LengthBytes >> pageSize.Shift) / 8) + sizeof(ulong);
            if (bitmapBytes > limits.MaxBitmapBytes)
            {
                throw new VfioUserException(Errno.OutOfMemory, $"The bitmaps would take more than {limits.MaxBitmapBytes} bytes; log fewer bytes or larger pages.");
            }
        }

        return [.. sorted.Select(range => new DirtyBitmap(range, pageSize))];
    }

    public void Start(DirtyBitmap[] prepared) => _bitmaps = prepared;

    public void Stop()
    {
        var stopped = _bitmaps;
        _bitmaps = [];
        foreach (var bitmap in stopped)
        {
            bitmap.Dispose();
        }
    }

    /// <summary>Marks bytes as written; those that are not logged are left out. Call it after the write.</summary>
    public void Mark(Iova start, int lengthBytes)
    {
        var bitmaps = _bitmaps;
        var last = new Iova(start.Value + ((ulong)lengthBytes - 1));
        for (var i = IndexEndingAt(bitmaps, start); i < bitmaps.Length && bitmaps[i].Range.Start <= last; i++)
        {
            var part = Part(bitmaps[i].Range, start, last);
            var first = bitmaps[i].PageOf(part.Start);
            // Not only where the bit is clear: looking first would need a fence of its own, or the write may be seen after the look.
            bitmaps[i].SetPagesAtomic(first, bitmaps[i].PageOf(part.Last) - first + 1);
        }
    }

    public void Report(IovaRange range, DirtyBitmap into)
    {
        var bitmaps = _bitmaps;
        CheckHolds(into, range);
        var logged = 0UL;
        foreach (var bitmap in bitmaps)
        {
            logged += bitmap.Range.Overlaps(range) ? Part(bitmap.Range, range.Start, range.Last).LengthBytes : 0;
        }

        if (logged != range.LengthBytes)
        {
            throw new VfioUserException(Errno.Invalid, $"Of {range} only {logged} bytes are logged.");
        }

        for (var i = IndexEndingAt(bitmaps, range.Start); i < bitmaps.Length && bitmaps[i].Range.Overlaps(range); i++)
        {
            Take(bitmaps[i], Part(bitmaps[i].Range, range.Start, range.Last), into);
        }
    }

    /// <summary>Reports a window that goes away; what is not logged of it counts as written.</summary>
    public void DrainUnmapped(IovaRange range, DirtyBitmap into)
    {
        CheckHolds(into, range);
        var bitmaps = _bitmaps;
        var next = range.Start;
        for (var i = IndexEndingAt(bitmaps, range.Start); i < bitmaps.Length && bitmaps[i].Range.Overlaps(range); i++)
        {
            var part = Part(bitmaps[i].Range, range.Start, range.Last);
            if (part.Start > next)
            {
                into.Set(new(next, part.Start.Value - next.Value));
            }

            Take(bitmaps[i], part, into);
            if (part.Last == range.Last)
            {
                return;
            }

            next = new(part.Last.Value + 1);
        }

        into.Set(new(next, range.Last.Value - next.Value + 1));
    }

    private static void CheckHolds(DirtyBitmap bitmap, IovaRange range)
    {
        if (!bitmap.Range.Contains(range))
        {
            throw new VfioUserException(Errno.Invalid, $"{range} is not within the bitmap's {bitmap.Range}.");
        }
    }

    // Pages of the log that lie in the range only in part are reported for that part and not forgotten.
    private static void Take(DirtyBitmap log, IovaRange part, DirtyBitmap into)
    {
        var offsetInPage = log.PageSize.Bytes - 1;
        var (first, last) = (log.PageOf(part.Start), log.PageOf(part.Last));
        var end = last + 1;
        if (((part.Start.Value - log.Range.Start.Value) & offsetInPage) != 0)
        {
            TakePart(log, first++, part, into);
        }

        if (first < end && ((part.Last.Value - log.Range.Start.Value + 1) & offsetInPage) != 0)
        {
            TakePart(log, --end, part, into);
        }

        if (first < end)
        {
            log.Drain(into, first, end - first);
        }
    }

    private static void TakePart(DirtyBitmap log, ulong page, IovaRange part, DirtyBitmap into)
    {
        if (log.IsSet(page))
        {
            var start = log.Range.Start.Value + (page << log.PageSize.Shift);
            into.Set(Part(part, new(start), new(start + (log.PageSize.Bytes - 1))));
        }
    }

    private static IovaRange Part(IovaRange range, Iova first, Iova last)
    {
        var start = Math.Max(range.Start.Value, first.Value);
        return new(new(start), Math.Min(range.Last.Value, last.Value) - start + 1);
    }

    private static int IndexEndingAt(DirtyBitmap[] bitmaps, Iova address)
    {
        var (low, high) = (0, bitmaps.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = bitmaps[middle].Range.Last < address ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}

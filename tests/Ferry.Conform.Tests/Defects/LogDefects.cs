using Ferry.Conform.Tests.Devices;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;

namespace Ferry.Conform.Tests.Defects;

/// <summary>Leaves the first page of each run out of its reports.</summary>
internal sealed class ForgetsPages(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void ReportDmaLog(IovaRange range, DirtyBitmap bitmap)
    {
        base.ReportDmaLog(range, bitmap);
        foreach (var (first, _) in bitmap.Runs())
        {
            bitmap.ClearPages(first, 1);
        }
    }
}

/// <summary>Reports a page once, and never again while it logs.</summary>
internal sealed class ReportsOnce(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    private readonly HashSet<ulong> _reported = [];

    public override void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        _reported.Clear();
        base.StartDmaLog(ranges, pageSize);
    }

    public override void ReportDmaLog(IovaRange range, DirtyBitmap bitmap)
    {
        base.ReportDmaLog(range, bitmap);
        for (var page = 0UL; page < bitmap.PageCount; page++)
        {
            if (bitmap.IsSet(page) && !_reported.Add(range.Start.Value + (page << bitmap.PageSize.Shift)))
            {
                bitmap.ClearPages(page, 1);
            }
        }
    }
}

/// <summary>Sets a bit behind the last page of a report, where the bitmap has one.</summary>
internal sealed class ReportsBeyond(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void ReportDmaLog(IovaRange range, DirtyBitmap bitmap)
    {
        base.ReportDmaLog(range, bitmap);
        if (bitmap.PageCount > 64 && bitmap.PageCount % 64 != 0)
        {
            bitmap.Words[^1] |= 1UL << 63;
        }
    }
}

/// <summary>Logs the first of its ranges, and says of the others that nothing was written.</summary>
internal sealed class LogsFirstRange(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    private IovaRange _logged;

    public override void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        _logged = ranges[0];
        base.StartDmaLog([_logged], pageSize);
    }

    public override void ReportDmaLog(IovaRange range, DirtyBitmap bitmap)
    {
        if (_logged.Contains(range))
        {
            base.ReportDmaLog(range, bitmap);
        }
    }
}

/// <summary>Reports what it ever reported, until it is stopped.</summary>
internal sealed class NeverForgets(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    private readonly HashSet<IovaRange> _pages = [];

    public override void StopDmaLog()
    {
        _pages.Clear();
        base.StopDmaLog();
    }

    public override void ReportDmaLog(IovaRange range, DirtyBitmap bitmap)
    {
        base.ReportDmaLog(range, bitmap);
        for (var page = 0UL; page < bitmap.PageCount; page++)
        {
            if (bitmap.IsSet(page))
            {
                _pages.Add(new(new(range.Start.Value + (page << bitmap.PageSize.Shift)), bitmap.PageSize.Bytes));
            }
        }

        foreach (var page in _pages.Where(range.Contains))
        {
            bitmap.Set(page);
        }
    }
}

/// <summary>Reports the page behind each that was written too.</summary>
internal sealed class ReportsNeighbours(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void ReportDmaLog(IovaRange range, DirtyBitmap bitmap)
    {
        base.ReportDmaLog(range, bitmap);
        for (var page = bitmap.PageCount - 1; page > 0; page--)
        {
            if (bitmap.IsSet(page - 1))
            {
                bitmap.SetPages(page, 1);
            }
        }
    }
}

/// <summary>Keeps what was not reported when it is stopped, for the next start.</summary>
internal sealed class KeepsOldPages(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    private IovaRange _range;
    private PageSize _pageSize;
    private bool _isKept;

    public override void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        (_range, _pageSize) = (ranges[0], pageSize);
        base.StartDmaLog(ranges, pageSize);
    }

    public override void StopDmaLog()
    {
        using var left = new DirtyBitmap(_range, _pageSize);
        base.ReportDmaLog(_range, left);
        _isKept = left.Count() > 0;
        base.StopDmaLog();
    }

    public override void ReportDmaLog(IovaRange range, DirtyBitmap bitmap)
    {
        base.ReportDmaLog(range, bitmap);
        if (_isKept)
        {
            bitmap.SetAll();
            _isKept = false;
        }
    }
}

/// <summary>Says that it logs a page size, and refuses it.</summary>
internal sealed class ClaimsPageSize(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override IReadOnlyList<PageSize> DmaLogPageSizes => [.. base.DmaLogPageSizes, new(8192)];
}

/// <summary>Does not report at one page size where it logs at another.</summary>
internal sealed class ReportsOneSize(IVfioUserDevice inner, PageSize refused) : DeviceWrapper(inner)
{
    private PageSize _pageSize;

    public override void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        _pageSize = pageSize;
        base.StartDmaLog(ranges, pageSize);
    }

    public override void ReportDmaLog(IovaRange range, DirtyBitmap bitmap)
    {
        if (bitmap.PageSize == refused && bitmap.PageSize != _pageSize)
        {
            throw new VfioUserException(22, "a planted defect");
        }

        base.ReportDmaLog(range, bitmap);
    }
}

/// <summary>Refuses many ranges, and has started to log them.</summary>
internal sealed class StartsWhatItRefuses(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        base.StartDmaLog(ranges, pageSize);
        if (ranges.Count >= 32)
        {
            throw new VfioUserException(7, "a planted defect");
        }
    }
}

/// <summary>Forgets what it wrote in PRE_COPY.</summary>
internal sealed class LogsNotInPreCopy(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    private IReadOnlyList<IovaRange> _ranges = [];
    private PageSize _pageSize;

    public override void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        base.StartDmaLog(ranges, pageSize);
        (_ranges, _pageSize) = (ranges, pageSize);
    }

    public override void StopDmaLog()
    {
        base.StopDmaLog();
        _ranges = [];
    }

    public override void SetState(VfioDeviceState next)
    {
        var isForgotten = State == VfioDeviceState.PreCopy;
        base.SetState(next);
        foreach (var range in isForgotten ? _ranges : [])
        {
            using var forgotten = new DirtyBitmap(range, _pageSize);
            base.ReportDmaLog(range, forgotten);
        }
    }

    public override void ReportDmaLog(IovaRange range, DirtyBitmap bitmap)
    {
        if (State != VfioDeviceState.PreCopy)
        {
            base.ReportDmaLog(range, bitmap);
            return;
        }

        using var forgotten = new DirtyBitmap(range, bitmap.PageSize);
        base.ReportDmaLog(range, forgotten);
    }
}

/// <summary>Refuses a range beyond 1 GiB, and has started to log what lies before.</summary>
internal sealed class StartsLongRange(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    private const ulong LongestBytes = 1 << 30;

    public override void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        base.StartDmaLog(ranges[0].LengthBytes > LongestBytes ? [new(ranges[0].Start, LongestBytes)] : ranges, pageSize);
        if (ranges[0].LengthBytes > LongestBytes)
        {
            throw new VfioUserException(7, "a planted defect");
        }
    }
}

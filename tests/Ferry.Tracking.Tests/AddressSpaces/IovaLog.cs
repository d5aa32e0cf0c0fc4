using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Tests.AddressSpaces;

/// <summary>A device's log by I/O virtual address, which answers a report too late where it is told to: it is worked off and nobody reads it.</summary>
internal sealed class IovaLog : IDirtyTracker
{
    private readonly StartedRanges _started = new("log");
    private readonly SortedSet<ulong> _pages = [];
    private bool _isLate;
    private bool _isUnanswered;

    public bool FailsNext { get; set; }

    public string Name => "log";

    public Coverage Coverage { get; } = new() { Sources = [new("nic0")], PageSizes = [PageSize.Size4K], Precision = TrackingPrecision.Exact, MaxRanges = 1 };

    public bool IsStarted => _started.IsStarted;

    public void Write(ulong iova) => _pages.Add(iova >> 12);

    /// <summary>What the device says of a range that it gives back.</summary>
    public void Unmap(DirtyBitmap written)
    {
        WorkOff();
        Take(written.Range, written);
    }

    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        _started.Start(Coverage, ranges, pageSize);
        _pages.Clear();
    }

    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
        _started.Check(range, bitmap);
        if (FailsNext)
        {
            (FailsNext, _isLate, _isUnanswered) = (false, true, true);
            bitmap.Set(range);
            throw new TrackerFailedException(Name, "no answer");
        }

        if (_isUnanswered)
        {
            // As a tracker does that knows what was not answered, whatever the device was asked meanwhile.
            bitmap.Set(range);
            _isUnanswered = false;
        }

        WorkOff();
        Take(range, bitmap);
    }

    public void Stop() => _started.Stop();

    public void Dispose() => Stop();

    private void WorkOff()
    {
        if (_isLate)
        {
            _pages.Clear();
            _isLate = false;
        }
    }

    private void Take(IovaRange range, DirtyBitmap into)
    {
        foreach (var page in _pages.GetViewBetween(range.Start.Value >> 12, range.Last.Value >> 12).ToList())
        {
            into.SetPages(page - (into.Range.Start.Value >> 12), 1);
            _pages.Remove(page);
        }
    }
}

using Ferry.Memory;
using Ferry.Tracking;

namespace Ferry.Migration.Tests.Engine;

/// <summary>Reports what it was told; may drop pages, fail, or forget only what is taken.</summary>
internal class TestTracker(string name, GuestMemory memory, DmaSource source) : IDirtyTracker
{
    private readonly DirtyBitmap[] _marked = [.. memory.Regions.Select(region => new DirtyBitmap(region.Range, PageSize.Size4K))];
    private readonly DirtyBitmap[] _scratch = [.. memory.Regions.Select(region => new DirtyBitmap(region.Range, PageSize.Size4K))];
    private long _seen;

    public string Name => name;

    public Coverage Coverage { get; } = new() { Sources = [source], PageSizes = [PageSize.Size4K, PageSize.Size2M], Precision = TrackingPrecision.Exact };

    public bool IsStarted { get; private set; }

    /// <summary>Drops one mark in so many; 0 drops none.</summary>
    public long DropEvery { get; init; }

    /// <summary>The reports that fail, counted from 1.</summary>
    public HashSet<int> FailingReports { get; } = [];

    public int Reports { get; private set; }

    public Exception? StartFailure { get; set; }

    /// <summary>Called when it is asked to start and has not yet.</summary>
    public Action? OnStart { get; set; }

    /// <summary>Called when it is asked to stop and has not yet.</summary>
    public Action? OnStop { get; set; }

    public int Starts { get; private set; }

    public void Mark(Gpa address)
    {
        if (!IsStarted || (DropEvery != 0 && Interlocked.Increment(ref _seen) % DropEvery == 0))
        {
            return;
        }

        var bitmap = _marked.Single(each => address.Value >= each.Range.Start.Value && address.Value <= each.Range.Last.Value);
        bitmap.SetPagesAtomic(bitmap.PageOf(new Iova(address.Value)), 1);
    }

    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        if (StartFailure is not null)
        {
            throw StartFailure;
        }

        OnStart?.Invoke();
        Array.ForEach(_marked, bitmap => bitmap.Clear());
        (IsStarted, Starts) = (true, Starts + 1);
    }

    public virtual void Report(IovaRange range, DirtyBitmap bitmap)
    {
        Reports++;
        if (FailingReports.Contains(Reports))
        {
            bitmap.Set(range);
            throw new TrackerFailedException(name, "it was told to");
        }

        Of(_marked, range).Drain(bitmap);
    }

    public void Stop()
    {
        if (IsStarted)
        {
            OnStop?.Invoke();
        }

        IsStarted = false;
    }

    public void Dispose()
    {
        foreach (var bitmap in _marked.Concat(_scratch))
        {
            bitmap.Dispose();
        }
    }

    protected DirtyBitmap Marked(IovaRange range) => Of(_marked, range);

    private static DirtyBitmap Of(DirtyBitmap[] bitmaps, IovaRange range) => bitmaps.Single(bitmap => bitmap.Range.Contains(range));
}

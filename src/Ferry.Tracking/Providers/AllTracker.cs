using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary><c>all</c>: every mapped page is dirty, always. It covers anything and needs nothing.</summary>
public sealed class AllTracker : IDirtyTracker
{
    private readonly StartedRanges _started = new("all");

    /// <inheritdoc/>
    public string Name => "all";

    /// <inheritdoc/>
    public Coverage Coverage { get; } = new()
    {
        Sources = null,
        PageSizes = [.. Enumerable.Range(12, 19).Select(shift => new PageSize(1UL << shift))],
        Precision = TrackingPrecision.AllMapped,
    };

    /// <inheritdoc/>
    public bool IsStarted => _started.IsStarted;

    /// <inheritdoc/>
    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => _started.Start(Coverage, ranges, pageSize);

    /// <inheritdoc/>
    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
        _started.Check(range, bitmap);
        bitmap.Set(range);
    }

    /// <inheritdoc/>
    public void Stop() => _started.Stop();

    /// <inheritdoc/>
    public void Dispose() => Stop();
}

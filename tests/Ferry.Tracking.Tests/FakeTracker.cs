using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Tests;

/// <summary>A tracker that promises and does nothing.</summary>
internal sealed class FakeTracker(string name, IReadOnlyList<DmaSource> sources, IReadOnlyList<PageSize> sizes) : IDirtyTracker
{
    private readonly StartedRanges _started = new(name);

    public int MaxRanges { get; init; } = int.MaxValue;

    public IReadOnlyList<IovaRange>? Ranges { get; init; }

    public string Name => name;

    public Coverage Coverage => new() { Sources = sources, PageSizes = sizes, Precision = TrackingPrecision.Exact, MaxRanges = MaxRanges, Ranges = Ranges };

    public bool IsStarted => _started.IsStarted;

    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => _started.Start(Coverage, ranges, pageSize);

    public void Report(IovaRange range, DirtyBitmap bitmap) => _started.Check(range, bitmap);

    public void Stop() => _started.Stop();

    public void Dispose() => Stop();
}

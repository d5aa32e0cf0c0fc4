using Ferry.Memory;
using Ferry.Tracking;

namespace Ferry.Benchmarks.Migration;

/// <summary>The tracker of a guest that writes nothing.</summary>
internal sealed class CleanTracker : IDirtyTracker
{
    public string Name => "clean";

    public Coverage Coverage { get; } = new() { Sources = null, PageSizes = [PageSize.Size4K], Precision = TrackingPrecision.Exact };

    public bool IsStarted { get; private set; }

    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => IsStarted = true;

    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
    }

    public void Stop() => IsStarted = false;

    public void Dispose()
    {
    }
}

using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Devices;

/// <summary>The writes of a guest that is known to write one page and no other: that page, at every report. So all else is left to the device's tracker.</summary>
internal sealed class GuestRingTracker(IovaRange page) : IDirtyTracker
{
    /// <summary>Its name.</summary>
    public const string TrackerName = "guest-ring";

    private readonly StartedRanges _started = new(TrackerName);

    /// <inheritdoc/>
    public string Name => TrackerName;

    /// <inheritdoc/>
    public Coverage Coverage { get; } = new() { Sources = [DmaSource.Vcpus], PageSizes = [PageSize.Size4K], Precision = TrackingPrecision.PinnedForWrite };

    /// <inheritdoc/>
    public bool IsStarted => _started.IsStarted;

    /// <inheritdoc/>
    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => _started.Start(Coverage, ranges, pageSize);

    /// <inheritdoc/>
    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
        _started.Check(range, bitmap);
        if (range.Contains(page))
        {
            bitmap.Set(page);
        }
    }

    /// <inheritdoc/>
    public void Stop() => _started.Stop();

    /// <inheritdoc/>
    public void Dispose() => Stop();
}

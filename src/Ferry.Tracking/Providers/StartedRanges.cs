using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>What a tracker was started for: the checks of start and report that every tracker owes its caller.</summary>
public sealed class StartedRanges(string tracker)
{
    private IovaRange[]? _ranges;

    /// <summary>Whether it is started.</summary>
    public bool IsStarted => _ranges is not null;

    /// <summary>The page size that it was started with.</summary>
    public PageSize PageSize { get; private set; }

    /// <summary>Takes down what is started, if the coverage allows it.</summary>
    /// <exception cref="TrackerStartException">Too many ranges, none, overlapping or unaligned ones, ones outside the coverage, or an unsupported page size.</exception>
    /// <exception cref="InvalidOperationException">It is started already.</exception>
    public void Start(Coverage coverage, IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        if (IsStarted)
        {
            throw new InvalidOperationException($"{tracker} is started already.");
        }

        if (!coverage.PageSizes.Contains(pageSize))
        {
            throw new TrackerStartException(tracker, $"page size {pageSize} is not supported; it can do {string.Join(", ", coverage.PageSizes)}");
        }

        if (ranges.Count == 0 || ranges.Count > coverage.MaxRanges)
        {
            throw new TrackerStartException(tracker, $"{ranges.Count} ranges; it can do 1 to {coverage.MaxRanges}");
        }

        var sorted = ranges.OrderBy(range => range.Start.Value).ToArray();
        for (var i = 0; i < sorted.Length; i++)
        {
            if (sorted[i].LengthBytes == 0)
            {
                throw new TrackerStartException(tracker, $"range {i} of {sorted.Length} is empty");
            }

            if (!sorted[i].IsAligned(pageSize))
            {
                throw new TrackerStartException(tracker, $"range {sorted[i]} is not aligned to the page size {pageSize}");
            }

            if (i > 0 && sorted[i].Overlaps(sorted[i - 1]))
            {
                throw new TrackerStartException(tracker, $"ranges {sorted[i - 1]} and {sorted[i]} overlap");
            }

            if (coverage.Ranges is not null && !coverage.Ranges.Any(covered => covered.Contains(sorted[i])))
            {
                throw new TrackerStartException(tracker, $"range {sorted[i]} is outside of what it covers: {string.Join(", ", coverage.Ranges)}");
            }
        }

        (_ranges, PageSize) = (sorted, pageSize);
    }

    /// <summary>Checks a report's arguments. Allocates nothing.</summary>
    /// <exception cref="InvalidOperationException">It is not started.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is not started, not aligned, or not in the bitmap.</exception>
    public void Check(IovaRange range, DirtyBitmap bitmap)
    {
        if (_ranges is null)
        {
            throw new InvalidOperationException($"{tracker} is not started.");
        }

        var found = false;
        foreach (var started in _ranges)
        {
            found |= started.Contains(range);
        }

        if (!found || !range.IsAligned(PageSize) || !bitmap.Range.Contains(range))
        {
            throw new ArgumentOutOfRangeException(
                nameof(range), range, $"{tracker}: not within one started range and the bitmap's {bitmap.Range}, or not aligned to {PageSize}.");
        }
    }

    /// <summary>Forgets it.</summary>
    public void Stop() => _ranges = null;
}

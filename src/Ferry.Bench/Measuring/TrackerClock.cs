using System.Diagnostics;
using Ferry.Memory;
using Ferry.Tracking;

namespace Ferry.Bench.Measuring;

/// <summary>Starts, reads and stops a tracker, and says how long each took.</summary>
internal sealed class TrackerClock(IDirtyTracker tracker, IReadOnlyList<IovaRange> ranges, IReadOnlyList<DirtyBitmap> bitmaps)
{
    /// <summary>Starts it.</summary>
    /// <exception cref="TrackerStartException">It can't track so.</exception>
    internal double Start(ulong pageSizeBytes) => Time(() => tracker.Start(ranges, new PageSize(pageSizeBytes)));

    /// <summary>Stops it.</summary>
    internal double Stop() => Time(tracker.Stop);

    /// <summary>Reads it, into bitmaps that are cleared before.</summary>
    internal double Report()
    {
        foreach (var bitmap in bitmaps)
        {
            bitmap.Clear();
        }

        return Time(() =>
        {
            foreach (var range in ranges)
            {
                tracker.Report(range, BitmapOf(range));
            }

            if (tracker is IDeferredClear deferred)
            {
                foreach (var range in ranges)
                {
                    deferred.Take(range, BitmapOf(range));
                }
            }
        });
    }

    /// <summary>The pages of 4 KiB that the last report held.</summary>
    internal ulong Reported() => bitmaps.Aggregate(0UL, (sum, bitmap) => sum + bitmap.Count());

    /// <summary>How many pages were written and are not in the last report.</summary>
    internal ulong Missing(IReadOnlyList<DirtyBitmap> written)
    {
        ulong missing = 0;
        for (var i = 0; i < bitmaps.Count; i++)
        {
            foreach (var (first, count) in written[i].Runs())
            {
                missing += count - bitmaps[i].Count(first, count);
            }
        }

        return missing;
    }

    private DirtyBitmap BitmapOf(IovaRange range) => bitmaps.First(bitmap => bitmap.Range.Contains(range));

    private static double Time(Action action)
    {
        var began = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}

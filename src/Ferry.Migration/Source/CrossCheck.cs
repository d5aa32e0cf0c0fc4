using Ferry.Memory;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Tracking;

namespace Ferry.Migration.Source;

/// <summary>Compares trackers that see the same sources: what one saw, another that claims to be exact has to see too.</summary>
/// <remarks>
/// Trackers are read one after the other, and a device marks a write in their logs at moments that differ, so a page may come in one
/// report of the one and in the next of the other. A page that only one has seen is therefore a suspicion against the other until that
/// reports it, and a fault where it stands when everything is stopped and all have been read. Pages are compared at the largest page
/// size that takes part. A tracker that forgets only what is taken reports pages again, and takes no part; nor does one that is not exact.
/// What each of any kind found alone is counted beside. Costs a copy of each report and four bitmaps for each tracker. Belongs to the engine's thread.
/// </remarks>
internal sealed class CrossCheck : IDisposable
{
    // What guest memory is aligned to.
    private static readonly PageSize MostPageSize = PageSize.Size2M;

    private readonly IovaRange[] _ranges;
    private readonly AloneCount _alone;
    private readonly Dictionary<TrackerUse, Seen> _seen = [];
    private PageSize _pageSize;

    internal CrossCheck(IReadOnlyList<IovaRange> ranges)
    {
        _ranges = [.. ranges];
        _alone = new AloneCount(_ranges);
    }

    /// <summary>Before trackers are read: they are compared at one page size, and from a time at which all of them had been started.</summary>
    internal void Begin(IReadOnlyList<TrackerUse> uses)
    {
        _alone.Begin(uses);
        var largest = uses.Where(TakesPart).Select(use => use.PageSize).DefaultIfEmpty().Max();
        if (largest != _pageSize)
        {
            Forget();
            _pageSize = largest;
        }

        foreach (var gone in _seen.Keys.Where(use => !TakesPart(use)).ToArray())
        {
            _seen.Remove(gone, out var seen);
            seen!.Dispose();
        }
    }

    /// <summary>Reads a tracker into <paramref name="bitmap"/>, and keeps what it saw.</summary>
    internal void Report(TrackerUse use, int region, DirtyBitmap bitmap)
    {
        var fine = _alone.ReportOf(use, region);
        use.Report(_ranges[region], fine);
        bitmap.Or(fine);
        if (TakesPart(use))
        {
            SeenBy(use).Now[region].Or(fine);
        }
    }

    /// <summary>After all trackers were read: what another of its sources saw and a tracker did not becomes a suspicion.</summary>
    internal void Compare()
    {
        _alone.Conclude();
        foreach (var (suspect, own) in _seen)
        {
            foreach (var (witness, other) in _seen)
            {
                // What was written before either was first read proves nothing.
                if (witness != suspect && !own.IsNew && !other.IsNew && witness.Sources.TrueForAll(suspect.Sources.Contains))
                {
                    Suspect(own, other);
                }
            }

            own.ClearConfirmed();
        }

        foreach (var seen in _seen.Values)
        {
            seen.Turn();
        }
    }

    /// <summary>When everything is stopped and all trackers were read.</summary>
    /// <exception cref="MigrationFailedException">A tracker that claims to be exact missed a page.</exception>
    internal void Conclude()
    {
        foreach (var (use, seen) in _seen)
        {
            if (seen.SuspectCount() is > 0 and var count)
            {
                throw new MigrationFailedException(
                    FailureKind.Verification,
                    $"Cross-check failed: tracker {use.Name} claims to be exact and missed {count} pages of {_pageSize} that another tracker of "
                        + $"{string.Join(", ", use.Sources)} saw, the first at {seen.FirstSuspect()}.");
            }
        }
    }

    public void Dispose()
    {
        _alone.Dispose();
        Forget();
    }

    private static bool TakesPart(TrackerUse use) =>
        use is { IsStarted: true, Tracker: not IDeferredClear } && use.Tracker.Coverage.Precision == TrackingPrecision.Exact && use.PageSize <= MostPageSize;

    private static void Suspect(Seen suspect, Seen witness)
    {
        for (var region = 0; region < suspect.Now.Length; region++)
        {
            var now = suspect.Now[region].Words;
            var before = suspect.Before[region].Words;
            var saw = witness.Now[region].Words;
            var suspects = suspect.Suspects[region].Words;
            for (var i = 0; i < suspects.Length; i++)
            {
                suspects[i] |= saw[i] & ~(now[i] | before[i]);
            }
        }
    }

    private Seen SeenBy(TrackerUse use)
    {
        if (!_seen.TryGetValue(use, out var seen))
        {
            _seen.Add(use, seen = new Seen(_ranges, _pageSize));
        }

        return seen;
    }

    private void Forget()
    {
        foreach (var seen in _seen.Values)
        {
            seen.Dispose();
        }

        _seen.Clear();
    }

    /// <summary>What a tracker saw at this sync and the one before, and what others saw and it has not yet.</summary>
    private sealed class Seen(IovaRange[] ranges, PageSize pageSize) : IDisposable
    {
        /// <summary>Whether it is read for the first time.</summary>
        internal bool IsNew { get; private set; } = true;

        internal DirtyBitmap[] Now { get; private set; } = [.. ranges.Select(range => new DirtyBitmap(range, pageSize))];

        internal DirtyBitmap[] Before { get; private set; } = [.. ranges.Select(range => new DirtyBitmap(range, pageSize))];

        internal DirtyBitmap[] Suspects { get; } = [.. ranges.Select(range => new DirtyBitmap(range, pageSize))];

        /// <summary>Lets go of suspicions that it has reported after all.</summary>
        internal void ClearConfirmed()
        {
            for (var region = 0; region < Now.Length; region++)
            {
                var now = Now[region].Words;
                var suspects = Suspects[region].Words;
                for (var i = 0; i < suspects.Length; i++)
                {
                    suspects[i] &= ~now[i];
                }
            }
        }

        internal void Turn()
        {
            IsNew = false;
            (Now, Before) = (Before, Now);
            Array.ForEach(Now, bitmap => bitmap.Clear());
        }

        internal ulong SuspectCount() => Suspects.Aggregate(0UL, (sum, bitmap) => sum + bitmap.Count());

        internal Iova FirstSuspect()
        {
            foreach (var bitmap in Suspects)
            {
                if (bitmap.TryNextRun(0, bitmap.PageCount, out var first, out _))
                {
                    return new(bitmap.Range.Start.Value + (first * pageSize.Bytes));
                }
            }

            return default;
        }

        public void Dispose()
        {
            foreach (var bitmap in Now.Concat(Before).Concat(Suspects))
            {
                bitmap.Dispose();
            }
        }
    }
}

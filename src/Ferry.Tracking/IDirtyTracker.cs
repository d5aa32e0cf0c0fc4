using Ferry.Memory;

namespace Ferry.Tracking;

/// <summary>A dirty-tracking provider: it can be started and stopped by itself, and says which pages its sources wrote.</summary>
/// <remarks>On doubt a page is dirty. Start, Report and Stop are called by one thread at a time.</remarks>
public interface IDirtyTracker : IDisposable
{
    /// <summary>The provider's name in plans and policies, for instance <c>kvm-log</c>.</summary>
    string Name { get; }

    /// <summary>What it promises; constant for the tracker's life.</summary>
    Coverage Coverage { get; }

    /// <summary>Whether it is started.</summary>
    bool IsStarted { get; }

    /// <summary>Starts tracking: every write after the return is reported, writes before it need not be.</summary>
    /// <param name="ranges">What to track; disjoint, each aligned to <paramref name="pageSize"/>.</param>
    /// <param name="pageSize">One of the coverage's page sizes.</param>
    /// <exception cref="TrackerStartException">It can't keep its word for these arguments; it stays stopped and nothing is left started.</exception>
    /// <exception cref="InvalidOperationException">It is started already.</exception>
    void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize);

    /// <summary>ORs into <paramref name="bitmap"/> every page of <paramref name="range"/> written since the last report, and forgets it.</summary>
    /// <remarks>Never clears a bit of <paramref name="bitmap"/>. The bitmap's page size may differ from the tracking page size: a coarser
    /// report sets all finer bits it stands for, a finer one the coarser bit it lies in. A tracker that is also an
    /// <see cref="IDeferredClear"/> forgets in <see cref="IDeferredClear.Take"/> instead. Allocates nothing.</remarks>
    /// <param name="range">A part of the started ranges, aligned to the tracking page size; within the bitmap's range.</param>
    /// <param name="bitmap">Where to.</param>
    /// <exception cref="TrackerFailedException">The tracker failed or overflowed. Every page of <paramref name="range"/> was set before
    /// the exception left, so no write is lost.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is not started or not in the bitmap.</exception>
    /// <exception cref="InvalidOperationException">It is not started.</exception>
    void Report(IovaRange range, DirtyBitmap bitmap);

    /// <summary>Stops tracking; what was not reported is forgotten. Does nothing where it is not started.</summary>
    /// <remarks>A kernel or a device that refuses to stop goes on tracking, which costs time and no page, and is not an error here.</remarks>
    void Stop();
}

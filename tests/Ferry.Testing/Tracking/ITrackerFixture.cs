using Ferry.Memory;
using Ferry.Tracking;

namespace Ferry.Testing.Tracking;

/// <summary>A tracker, and the source whose writes it sees.</summary>
public interface ITrackerFixture : IDisposable
{
    /// <summary>The tracker.</summary>
    IDirtyTracker Tracker { get; }

    /// <summary>One range that it can track, of at least 256 pages.</summary>
    IovaRange Range { get; }

    /// <summary>The page size to track at.</summary>
    PageSize PageSize { get; }

    /// <summary>The pages of the range.</summary>
    ulong PageCount => Range.LengthBytes / PageSize.Bytes;

    /// <summary>Lets the source write a page, and returns when it has. From any thread, one at a time.</summary>
    void Write(ulong page);

    /// <summary>Reports the whole range.</summary>
    void Report(DirtyBitmap bitmap) => Tracker.Report(Range, bitmap);

    /// <summary>Takes the pages, where that is how the tracker forgets them.</summary>
    void Take(DirtyBitmap bitmap) => (Tracker as IDeferredClear)?.Take(Range, bitmap);

    /// <summary>Lets what the tracker is made of fail the next call that it makes in a report, and no other; false where it makes none.</summary>
    bool FailNextCall() => false;
}

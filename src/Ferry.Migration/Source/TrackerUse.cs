using System.Diagnostics;
using Ferry.Memory;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Tracking;

namespace Ferry.Migration.Source;

/// <summary>A tracker of the plan, and what it did.</summary>
internal sealed class TrackerUse(PlanStep.StartTracker step, IDirtyTracker tracker)
{
    private long _reports;
    private ulong _dirtyPages;
    private TimeSpan _reportTime;
    private long _failures;
    private string? _lastFailure;

    internal string Name => step.Tracker;

    internal IDirtyTracker Tracker => tracker;

    internal bool IsStarted { get; private set; }

    internal void Start(IReadOnlyList<IovaRange> ranges)
    {
        tracker.Start(ranges, step.PageSize);
        IsStarted = true;
    }

    internal void Stop()
    {
        tracker.Stop();
        IsStarted = false;
    }

    /// <summary>Reads the tracker. A failure counts as everything dirty, which is in the bitmap then.</summary>
    internal void Report(IovaRange range, DirtyBitmap bitmap)
    {
        var before = bitmap.Count();
        var begun = Stopwatch.GetTimestamp();
        try
        {
            tracker.Report(range, bitmap);
        }
        catch (TrackerFailedException e)
        {
            Failed(e);
        }

        _reportTime += Stopwatch.GetElapsedTime(begun);
        _reports++;
        _dirtyPages += bitmap.Count() - before;
    }

    /// <summary>Remembers a failure. Thread-safe.</summary>
    internal void Failed(TrackerFailedException exception)
    {
        Interlocked.Increment(ref _failures);
        Volatile.Write(ref _lastFailure, exception.Reason);
    }

    internal TrackerReport ToReport() => new(
        Name, step.Sources, step.PageSize, tracker.Coverage.Precision, _reports, _dirtyPages, _reportTime, _failures, _lastFailure);
}

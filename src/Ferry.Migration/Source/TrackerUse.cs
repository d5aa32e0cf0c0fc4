using Ferry.Memory;
using Ferry.Migration.Events;
using Ferry.Migration.Execution;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Tracking;

namespace Ferry.Migration.Source;

/// <summary>A tracker of the plan, or one that came later, and what it did.</summary>
internal sealed class TrackerUse(EngineHost host, PlanTracker what, IDirtyTracker tracker)
{
    private readonly List<string> _allSources = [.. what.Sources];
    private long _reports;
    private ulong _dirtyPages;
    private TimeSpan _reportTime;
    private long _failures;
    private long _failuresSeen;
    private string? _lastFailure;
    private string? _ended;
    private ulong? _alonePages;
    private ulong _pagesTold;
    private TimeSpan _timeTold;
    private string? _sourcesText;

    internal string Name => what.Name;

    internal PageSize PageSize => what.PageSize;

    internal IDirtyTracker Tracker => tracker;

    internal bool IsStarted { get; private set; }

    /// <summary>Whose writes it has to see now.</summary>
    internal List<string> Sources { get; } = [.. what.Sources];

    internal void Start(IReadOnlyList<IovaRange> memory)
    {
        tracker.Start(what.Ranges.Count > 0 ? what.Ranges : memory, what.PageSize);
        IsStarted = true;
    }

    internal void Stop()
    {
        tracker.Stop();
        IsStarted = false;
    }

    /// <summary>Whether it failed since the last call.</summary>
    internal bool HasFailedAnew()
    {
        var failures = Interlocked.Read(ref _failures);
        (var before, _failuresSeen) = (_failuresSeen, failures);
        return failures > before;
    }

    /// <summary>Takes on another source.</summary>
    internal void Adopt(string source)
    {
        _sourcesText = null;
        foreach (var list in (List<string>[])[Sources, _allSources])
        {
            if (!list.Contains(source))
            {
                list.Add(source);
            }
        }
    }

    /// <summary>Gives a source up, and stops where that was the last one.</summary>
    internal void Release(string source, string why)
    {
        _sourcesText = null;
        if (Sources.Remove(source) && Sources.Count == 0)
        {
            Stop();
            _ended = why;
        }
    }

    /// <summary>Reads the tracker. A failure counts as everything dirty, which is in the bitmap then.</summary>
    internal void Report(IovaRange range, DirtyBitmap bitmap)
    {
        var before = bitmap.Count();
        var begun = host.Now();
        try
        {
            tracker.Report(range, bitmap);
        }
        catch (TrackerFailedException e)
        {
            Failed(e);
        }

        _reportTime += host.Since(begun);
        _reports++;
        _dirtyPages += bitmap.Count() - before;
    }

    /// <summary>Counts what no other tracker of its sources found at a sync.</summary>
    internal void AddAlone(ulong pages) => _alonePages = (_alonePages ?? 0) + pages;

    /// <summary>Tells what the reports since the last call found.</summary>
    internal void Tell(EventRecorder events)
    {
        if (events.IsOn)
        {
            events.TrackerRead(Name, _sourcesText ??= string.Join(", ", Sources), _dirtyPages - _pagesTold, _reportTime - _timeTold);
            (_pagesTold, _timeTold) = (_dirtyPages, _reportTime);
        }
    }

    /// <summary>Remembers a failure. Thread-safe.</summary>
    internal void Failed(TrackerFailedException exception)
    {
        Interlocked.Increment(ref _failures);
        Volatile.Write(ref _lastFailure, exception.Reason);
    }

    internal TrackerReport ToReport() => new(
        Name, [.. _allSources], PageSize, tracker.Coverage.Precision, _reports, _dirtyPages, _reportTime, _failures, _lastFailure, _ended, _alonePages);
}

using Ferry.Memory;
using Ferry.Simulation.Tests.Scheduling;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Simulation.Tests.Machines;

/// <summary>A tracker of the kind that a device is: a log at some page size, which a report drains.</summary>
internal sealed class SimTracker(SimHost host, Dice dice, string name, IReadOnlyList<DmaSource> sources, IReadOnlyList<PageSize> pageSizes) : IDirtyTracker
{
    private readonly StartedRanges _started = new(name);
    private readonly List<IovaRange> _unanswered = [];
    private readonly List<IovaRange> _late = [];
    private DirtyBitmap[] _log = [];
    private int _calls;
    private long _marks;

    public string Name => name;

    public Coverage Coverage { get; } = new() { Sources = sources, PageSizes = pageSizes, Precision = TrackingPrecision.Exact };

    public bool IsStarted => _started.IsStarted;

    public TrackerFault Fault { get; init; }

    /// <summary>The report that it strikes, from 1.</summary>
    public int FaultAt { get; init; }

    /// <summary>A rule that is broken on purpose: one mark in so many is forgotten; 0 for none.</summary>
    public int ForgetsEvery { get; init; }

    /// <summary>A rule that is broken on purpose: it goes on after it was stopped.</summary>
    public bool NeverStops { get; init; }

    /// <summary>A rule that is broken on purpose: a report that fails sets nothing.</summary>
    public bool FailsSilently { get; init; }

    public void Mark(ulong page)
    {
        if (!IsStarted || (ForgetsEvery != 0 && ++_marks % ForgetsEvery == 0))
        {
            return;
        }

        var log = LogOf(new Iova(page));
        log.SetPagesAtomic(log.PageOf(new Iova(page)), 1);
    }

    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        host.Scheduler.Point("start tracker");
        if (Fault == TrackerFault.Start)
        {
            throw new TrackerStartException(name, "it was told to");
        }

        _started.Start(Coverage, ranges, pageSize);
        Free();
        _log = [.. ranges.Select(range => new DirtyBitmap(range, pageSize))];
        host.Scheduler.Point("tracker started");
    }

    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
        _started.Check(range, bitmap);
        host.Scheduler.Point("report");
        _calls++;
        if (Fault is TrackerFault.Report or TrackerFault.Late && _calls == FaultAt)
        {
            Fail(range, bitmap);
        }

        // It answers in order: what was late is worked off now.
        DrainLate();
        var log = LogOf(range.Start);
        var first = log.PageOf(range.Start);
        var count = range.LengthBytes >> log.PageSize.Shift;
        var half = count / 2;
        log.Drain(bitmap, first, half);
        host.Scheduler.Point("report on");
        log.Drain(bitmap, first + half, count - half);
        foreach (var unanswered in _unanswered.Where(range.Contains).ToList())
        {
            bitmap.Set(range);
            _unanswered.Remove(unanswered);
        }

        host.Scheduler.Point("reported");
    }

    public void Stop()
    {
        if (!IsStarted || NeverStops)
        {
            return;
        }

        host.Scheduler.Point("stop tracker");
        _started.Stop();
    }

    public void Dispose() => Free();

    /// <summary>Whatever it owes itself, at a time of its own.</summary>
    public void Act()
    {
        if (_late.Count > 0 && dice.Chance(5))
        {
            DrainLate();
        }
    }

    private void Fail(IovaRange range, DirtyBitmap bitmap)
    {
        if (Fault == TrackerFault.Late)
        {
            _late.Add(range);
            _unanswered.Add(range);
            host.Sleep(TimeSpan.FromSeconds(dice.Between(1, 5)));
        }
        else
        {
            Forget(range);
        }

        if (!FailsSilently)
        {
            bitmap.Set(range);
        }

        throw new TrackerFailedException(name, "it was told to");
    }

    private void DrainLate()
    {
        if (_started.IsStarted)
        {
            _late.ForEach(Forget);
        }

        _late.Clear();
    }

    private void Forget(IovaRange range)
    {
        var log = LogOf(range.Start);
        log.ClearPages(log.PageOf(range.Start), range.LengthBytes >> log.PageSize.Shift);
    }

    private DirtyBitmap LogOf(Iova address) => Array.Find(_log, each => each.Range.Start <= address && address <= each.Range.Last)
        ?? throw new ArgumentOutOfRangeException(nameof(address), address, $"{name} is not started for it.");

    private void Free()
    {
        Array.ForEach(_log, log => log.Dispose());
        _log = [];
    }
}

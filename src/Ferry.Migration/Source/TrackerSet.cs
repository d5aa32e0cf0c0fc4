using System.Collections.Concurrent;
using Ferry.Memory;
using Ferry.Migration.Events;
using Ferry.Migration.Execution;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Tracking;

namespace Ferry.Migration.Source;

/// <summary>The trackers of a migration: those of the plan, and those that replace them on the way.</summary>
/// <remarks>
/// A change is made around the sync of a round. What comes starts before the reports, what goes stops after them, so that a write is seen
/// by the one or the other. Where the same provider has to be started anew, at another page size, there is no such overlap, and all of
/// memory counts as written. A tracker that fails gives way to the plan's fallback: before the next reports where it failed in between,
/// and at once where its report failed; it may have seen writes to ranges that it reported before, so
/// that all of memory counts as written.
/// Belongs to the engine's thread, but for <see cref="Take"/> and <see cref="Request"/>.
/// </remarks>
internal sealed class TrackerSet : IDisposable
{
    private readonly EngineHost _host;
    private readonly List<TrackerUse> _uses;
    private readonly int _plannedCount;
    private readonly IReadOnlyDictionary<string, IDirtyTracker> _providers;
    private readonly IReadOnlyList<PlanTracker> _fallbacks;
    private readonly ConcurrentQueue<TrackerRequest> _requests = new();
    private readonly List<TrackerRequest> _begun = [];
    private readonly CrossCheck? _crossCheck;
    private IReadOnlyList<IovaRange> _memory = [];
    private volatile string? _closed;

    /// <exception cref="ArgumentException">The plan names a tracker that is not there.</exception>
    internal TrackerSet(EngineHost host, MigrationPlan plan, IReadOnlyDictionary<string, IDirtyTracker> providers, CrossCheck? crossCheck)
    {
        (_host, _providers, _fallbacks, _crossCheck) = (host, providers, plan.Fallbacks, crossCheck);
        _uses = [.. plan.Setup.OfType<PlanStep.StartTracker>().Select(step => new TrackerUse(_host, step.What, ProviderOf(step.What)))];
        _plannedCount = _uses.Count;
        foreach (var fallback in _fallbacks)
        {
            _ = ProviderOf(fallback);
        }
    }

    internal IReadOnlyList<TrackerUse> All => _uses;

    /// <summary>Whether a started tracker forgets only what is taken.</summary>
    internal bool DeferClearing => _uses.Exists(static use => use is { IsStarted: true, Tracker: IDeferredClear });

    /// <summary>Starts a tracker of the plan.</summary>
    internal void Start(string tracker, IReadOnlyList<IovaRange> memory)
    {
        _memory = memory;
        _uses.Find(use => use.Name == tracker)!.Start(memory);
    }

    /// <summary>Stops a tracker of the plan, and those that came on the way.</summary>
    internal void Stop(string tracker)
    {
        for (var i = 0; i < _uses.Count; i++)
        {
            if (_uses[i].IsStarted && (i >= _plannedCount || _uses[i].Name == tracker))
            {
                _uses[i].Stop();
            }
        }
    }

    /// <summary>Asks for a change at the sync of the next round. Thread-safe.</summary>
    /// <returns>Ends when the change is made; fails with an <see cref="InvalidOperationException"/> or a
    /// <see cref="TrackerStartException"/> where it can't be.</returns>
    internal Task Request(TrackerChange change)
    {
        var request = new TrackerRequest(change, $"{change.Kind} by request".ToLowerInvariant(), new(TaskCreationOptions.RunContinuationsAsynchronously));
        _requests.Enqueue(request);
        if (_closed is { } reason)
        {
            Close(reason);
        }

        return request.Done!.Task;
    }

    /// <summary>Takes no requests any more.</summary>
    internal void Close(string reason)
    {
        _closed = reason;
        while (_requests.TryDequeue(out var request))
        {
            request.Done!.TrySetException(new InvalidOperationException($"Nothing was changed: {reason}."));
        }
    }

    /// <summary>When all pages are marked and all trackers are started: reads them once where they are to be compared, from that time on.</summary>
    internal void BeginComparing(IReadOnlyList<DirtyBitmap> marked)
    {
        if (_crossCheck is null)
        {
            return;
        }

        _crossCheck.Begin(_uses);
        for (var region = 0; region < marked.Count; region++)
        {
            Report(region, marked[region].Range, marked[region]);
        }

        _crossCheck.Compare();
    }

    /// <summary>Before the reports of a sync: starts what replaces or joins others. Allocates nothing where nothing changes.</summary>
    internal void BeginSync(bool quiesced)
    {
        if (quiesced)
        {
            Close("the machine is being handed over");
        }
        else
        {
            GiveWay();
            while (_requests.TryDequeue(out var request))
            {
                Begin(request);
            }
        }

        _crossCheck?.Begin(_uses);
    }

    /// <summary>After them: stops what was replaced.</summary>
    /// <returns>Whether writes may have been seen by none, so that everything counts as dirty.</returns>
    internal bool EndSync(bool quiesced)
    {
        _crossCheck?.Compare();
        var begunBefore = _begun.Count;
        if (quiesced)
        {
            _crossCheck?.Conclude();
        }
        else
        {
            GiveWay();
        }

        // Who failed just now and goes takes along what it saw since it reported other ranges.
        var hadGap = _begun.Count > begunBefore;
        foreach (var request in _begun)
        {
            hadGap |= End(request);
        }

        _begun.Clear();
        return hadGap;
    }

    /// <summary>Reads all started trackers. Allocates nothing, unless they are compared.</summary>
    internal void Report(int region, IovaRange range, DirtyBitmap bitmap)
    {
        foreach (var use in _uses)
        {
            if (use.IsStarted && _crossCheck is not null)
            {
                _crossCheck.Report(use, region, bitmap);
            }
            else if (use.IsStarted)
            {
                use.Report(range, bitmap);
            }
        }
    }

    /// <summary>Tells what the reports of the last sync found.</summary>
    internal void Tell(EventRecorder events)
    {
        foreach (var use in _uses)
        {
            if (use.IsStarted)
            {
                use.Tell(events);
            }
        }
    }

    /// <summary>Lets go of what comparing needed; the trackers are their owner's.</summary>
    public void Dispose() => _crossCheck?.Dispose();

    /// <summary>Tells trackers that wait for it that the pages of <paramref name="range"/> are about to be read. Thread-safe for disjoint ranges.</summary>
    internal void Take(IovaRange range, DirtyBitmap pages)
    {
        foreach (var use in _uses)
        {
            if (use is { IsStarted: true, Tracker: IDeferredClear deferred })
            {
                try
                {
                    deferred.Take(range, pages);
                }
                catch (TrackerFailedException e)
                {
                    // The pages stay reported: they come again in the next round.
                    use.Failed(e);
                }
            }
        }
    }

    private IDirtyTracker ProviderOf(PlanTracker tracker) => _providers.TryGetValue(tracker.Name, out var provider)
        ? provider
        : throw new ArgumentException($"The plan names tracker {tracker.Name}, which is not there.", nameof(tracker));

    private TrackerUse? RunningUseOf(IDirtyTracker provider) => _uses.Find(use => use.IsStarted && ReferenceEquals(use.Tracker, provider));

    /// <summary>Lets fallbacks take over from trackers that failed.</summary>
    private void GiveWay()
    {
        for (var i = 0; i < _uses.Count; i++)
        {
            if (_uses[i].IsStarted && _uses[i].HasFailedAnew())
            {
                GiveWay(_uses[i]);
            }
        }
    }

    private void GiveWay(TrackerUse failed)
    {
        foreach (var source in failed.Sources)
        {
            if (_fallbacks.FirstOrDefault(each => each.Sources.Contains(source) && each.Name != failed.Name) is { } fallback)
            {
                Begin(new TrackerRequest(new(TrackerChangeKind.Replace, source, fallback, ProviderOf(fallback)), "replaced after it failed", null));
            }
        }
    }

    private void Begin(TrackerRequest request)
    {
        try
        {
            var change = request.Change;
            if (change.Kind == TrackerChangeKind.Drop)
            {
                CheckDrop(change);
            }
            else if (RunningUseOf(change.Provider!) is not { } running)
            {
                Start(change);
            }
            else if (running.PageSize == change.Tracker.PageSize)
            {
                running.Adopt(change.Source);
            }

            _begun.Add(request);
        }
        catch (Exception e) when (e is TrackerStartException or InvalidOperationException)
        {
            // What tracked the source so far goes on.
            request.Done?.TrySetException(e);
        }
    }

    private bool End(TrackerRequest request)
    {
        var change = request.Change;
        try
        {
            if (change.Kind == TrackerChangeKind.Drop)
            {
                CheckDrop(change);
                _uses.Find(use => use.IsStarted && use.Name == change.Tracker.Name)!.Release(change.Source, request.Why);
                request.Done?.TrySetResult();
                return false;
            }

            var hadGap = RunningUseOf(change.Provider!) is { } running
                ? running.PageSize != change.Tracker.PageSize && Restart(running, request)
                : StartLate(change);
            var comes = RunningUseOf(change.Provider!)!;
            comes.Adopt(change.Source);
            foreach (var other in _uses)
            {
                if (change.Kind == TrackerChangeKind.Replace && other != comes && other.IsStarted)
                {
                    other.Release(change.Source, request.Why);
                }
            }

            request.Done?.TrySetResult();
            return hadGap;
        }
        catch (Exception e) when (e is TrackerStartException or InvalidOperationException)
        {
            request.Done?.TrySetException(e);
            return true;
        }
        catch (MigrationFailedException e)
        {
            request.Done?.TrySetException(new InvalidOperationException(e.Message, e));
            throw;
        }
    }

    /// <summary>Starts a provider that a request before this one stopped, within the same sync.</summary>
    private bool StartLate(TrackerChange change)
    {
        Start(change);
        return true;
    }

    /// <summary>Starts a provider anew, at another page size, for all sources that it has.</summary>
    private bool Restart(TrackerUse running, TrackerRequest request)
    {
        var sources = running.Sources.ToArray();
        Array.ForEach(sources, source => running.Release(source, request.Why));
        try
        {
            Start(request.Change with { Tracker = request.Change.Tracker with { Sources = sources } });
        }
        catch (TrackerStartException)
        {
            Again(running, sources);
            throw;
        }

        return true;
    }

    // Nobody sees these writes now, and nothing else was proven to.
    private void Again(TrackerUse running, string[] sources)
    {
        try
        {
            running.Start(_memory);
            Array.ForEach(sources, running.Adopt);
        }
        catch (TrackerStartException e)
        {
            throw new MigrationFailedException(FailureKind.Error, $"{running.Name} could not be started again: {e.Reason}.", e);
        }
    }

    private void Start(TrackerChange change)
    {
        var use = new TrackerUse(_host, change.Tracker, change.Provider!);
        use.Start(_memory);
        use.Adopt(change.Source);
        _uses.Add(use);
    }

    private void CheckDrop(TrackerChange change)
    {
        if (!_uses.Exists(use => use.IsStarted && use.Name == change.Tracker.Name && use.Sources.Contains(change.Source)))
        {
            throw new InvalidOperationException($"Nothing was changed: {change.Tracker.Name} does not track {change.Source}.");
        }

        if (!_uses.Exists(use => use.IsStarted && use.Name != change.Tracker.Name && use.Sources.Contains(change.Source)))
        {
            throw new InvalidOperationException($"Nothing was changed: without {change.Tracker.Name} nothing would see what {change.Source} writes.");
        }
    }

    /// <param name="Change">What is asked for.</param>
    /// <param name="Why">Why the others end, for the report.</param>
    /// <param name="Done">Who waits; null where the engine itself asks.</param>
    private sealed record TrackerRequest(TrackerChange Change, string Why, TaskCompletionSource? Done);
}

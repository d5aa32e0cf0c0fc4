using Ferry.Memory;
using Ferry.Migration.Planning;
using Ferry.Tracking;

namespace Ferry.Migration.Source;

/// <summary>The trackers of the plan.</summary>
internal sealed class TrackerSet
{
    private readonly TrackerUse[] _inOrder;

    /// <exception cref="ArgumentException">The plan names a tracker that is not there.</exception>
    internal TrackerSet(MigrationPlan plan, IReadOnlyDictionary<string, IDirtyTracker> trackers) =>
        _inOrder = [.. plan.Setup.OfType<PlanStep.StartTracker>().Select(step => new TrackerUse(
            step,
            trackers.TryGetValue(step.Tracker, out var tracker) ? tracker : throw new ArgumentException($"The plan starts tracker {step.Tracker}, which is not there.", nameof(trackers))))];

    internal IReadOnlyList<TrackerUse> All => _inOrder;

    /// <summary>Whether a started tracker forgets only what is taken.</summary>
    internal bool DeferClearing => _inOrder.Any(use => use is { IsStarted: true, Tracker: IDeferredClear });

    internal void Start(string tracker, IReadOnlyList<IovaRange> ranges) => Find(tracker).Start(ranges);

    internal void Stop(string tracker) => Find(tracker).Stop();

    /// <summary>Reads all started trackers. Allocates nothing.</summary>
    internal void Report(IovaRange range, DirtyBitmap bitmap)
    {
        foreach (var use in _inOrder)
        {
            if (use.IsStarted)
            {
                use.Report(range, bitmap);
            }
        }
    }

    /// <summary>Tells trackers that wait for it that the pages of <paramref name="range"/> are about to be read. Thread-safe for disjoint ranges.</summary>
    internal void Take(IovaRange range, DirtyBitmap pages)
    {
        foreach (var use in _inOrder)
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

    private TrackerUse Find(string name) => _inOrder.Single(use => use.Name == name);
}

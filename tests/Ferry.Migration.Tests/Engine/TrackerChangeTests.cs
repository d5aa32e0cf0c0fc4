using Ferry.Memory;
using Ferry.Migration.Convergence;
using Ferry.Migration.Planning;
using Ferry.Migration.Source;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

/// <summary>Trackers that come and go in the middle of a migration.</summary>
public sealed class TrackerChangeTests
{
    private static readonly string[] Both = ["vcpus", "nic0"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replacement_starts_before_the_other_stops()
    {
        using var pair = NewPair();
        using var next = Marking(pair, new TestTracker("next", pair.Source.Memory, DmaSource.Vcpus));
        // The one sees what is written until the other is started, the other what is written until the one is stopped.
        next.OnStart = () => Write(pair, 1);
        pair.Tracker.OnStop = () => Write(pair, 2);
        var running = RunSlowly(pair, out var engine);
        await engine.ChangeTrackerAsync(Change(TrackerChangeKind.Replace, "vcpus", next));
        Assert.True(pair.Tracker.IsStarted, "It still has the device to track.");
        await engine.ChangeTrackerAsync(Change(TrackerChangeKind.Replace, "nic0", next));
        Assert.False(pair.Tracker.IsStarted);
        Assert.True(next.IsStarted);
        var reports = await running;
        pair.AssertMoved(reports);
        Assert.True(reports.Source.MemoryVerified);
        Assert.Equal(["test", "next"], reports.Source.Trackers.Select(tracker => tracker.Name));
        Assert.Equal("replace by request", reports.Source.Trackers[0].Ended);
        Assert.Null(reports.Source.Trackers[1].Ended);
        Assert.Equal(Both, reports.Source.Trackers[1].Sources);
        Assert.False(next.IsStarted);
    }

    [Fact]
    public async Task A_tracker_that_changes_its_page_size_has_a_gap_in_which_everything_counts_as_dirty()
    {
        using var pair = NewPair();
        pair.Tracker.OnStop = () => Write(pair, 3);
        var running = RunSlowly(pair, out var engine);
        await engine.ChangeTrackerAsync(new(TrackerChangeKind.Replace, "vcpus", new PlanTracker("test", ["vcpus"], PageSize.Size2M), pair.Tracker));
        // What comes at the real end is seen by nothing and has to stay out.
        pair.Tracker.OnStop = null;
        var reports = await running;
        pair.AssertMoved(reports);
        Assert.Equal(2, pair.Tracker.Starts);
        Assert.Equal([PageSize.Size4K, PageSize.Size2M], reports.Source.Trackers.Select(tracker => tracker.PageSize));
        Assert.Contains(reports.Source.Rounds.Skip(1), round => round.DirtyPages == 16 << 20 >> 12);
    }

    [Fact]
    public async Task One_that_comes_beside_another_can_go_again_and_the_last_can_not()
    {
        using var pair = NewPair();
        using var beside = Marking(pair, new TestTracker("beside", pair.Source.Memory, DmaSource.Vcpus));
        var running = RunSlowly(pair, out var engine);
        await engine.ChangeTrackerAsync(Change(TrackerChangeKind.Add, "vcpus", beside));
        Assert.True(pair.Tracker.IsStarted && beside.IsStarted);
        await engine.ChangeTrackerAsync(Change(TrackerChangeKind.Drop, "vcpus", beside));
        Assert.True(pair.Tracker.IsStarted && !beside.IsStarted);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => engine.ChangeTrackerAsync(Change(TrackerChangeKind.Drop, "vcpus", pair.Tracker)));
        Assert.Contains("nothing would see what vcpus writes", refused.Message, StringComparison.Ordinal);
        refused = await Assert.ThrowsAsync<InvalidOperationException>(() => engine.ChangeTrackerAsync(Change(TrackerChangeKind.Drop, "vcpus", beside)));
        Assert.Contains("beside does not track vcpus", refused.Message, StringComparison.Ordinal);
        pair.AssertMoved(await running);
    }

    /// <summary>All of it is asked for before the same sync, which carries it out in order.</summary>
    [Fact]
    public async Task One_that_comes_goes_and_comes_again_at_once_loses_nothing()
    {
        using var pair = NewPair();
        using var next = Marking(pair, new TestTracker("next", pair.Source.Memory, DmaSource.Vcpus));
        var running = RunSlowly(pair, out var engine);
        Task? goes = null, comes = null;
        next.OnStart = () =>
        {
            goes ??= engine.ChangeTrackerAsync(Change(TrackerChangeKind.Drop, "vcpus", next));
            comes ??= engine.ChangeTrackerAsync(Change(TrackerChangeKind.Replace, "vcpus", next));
            Write(pair, 6);
        };
        await engine.ChangeTrackerAsync(Change(TrackerChangeKind.Add, "vcpus", next));
        await goes!.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        await comes!.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        Assert.Equal(2, next.Starts);
        Assert.True(next.IsStarted);
        pair.AssertMoved(await running);
    }

    [Fact]
    public async Task One_that_does_not_start_leaves_all_as_it_was()
    {
        using var pair = NewPair();
        using var broken = new TestTracker("broken", pair.Source.Memory, DmaSource.Vcpus) { StartFailure = new TrackerStartException("broken", "it was told not to") };
        var running = RunSlowly(pair, out var engine);
        await Assert.ThrowsAsync<TrackerStartException>(() => engine.ChangeTrackerAsync(Change(TrackerChangeKind.Replace, "vcpus", broken)));
        Assert.True(pair.Tracker.IsStarted);
        pair.Tracker.OnStop = () => pair.Tracker.StartFailure = new TrackerStartException("test", "not again");
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => engine.ChangeTrackerAsync(new(TrackerChangeKind.Replace, "vcpus", new PlanTracker("test", ["vcpus"], PageSize.Size2M), pair.Tracker)));
        var reports = await running;
        // It was stopped for its new page size, and nothing saw the writes from then on.
        pair.AssertRolledBack(reports);
        Assert.Contains("could not be started again", reports.Source.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Before_and_after_the_rounds_nothing_changes()
    {
        using var pair = NewPair();
        using var next = Marking(pair, new TestTracker("next", pair.Source.Memory, DmaSource.Vcpus));
        var early = new MigrationSource(pair.Source, pair.SourceOptions);
        await Assert.ThrowsAsync<InvalidOperationException>(() => early.ChangeTrackerAsync(Change(TrackerChangeKind.Replace, "vcpus", next)));
        pair.AssertMoved(pair.Run());
        await Assert.ThrowsAsync<InvalidOperationException>(() => pair.SourceEngine!.ChangeTrackerAsync(Change(TrackerChangeKind.Replace, "vcpus", next)));
        Assert.Equal(0, next.Starts);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public void The_fallback_takes_over_from_a_tracker_that_fails(bool fallbackFails, int failingReport)
    {
        using var pair = NewPair();
        using var fallback = Marking(pair, new TestTracker("fallback", pair.Source.Memory, DmaSource.Vcpus));
        fallback.StartFailure = fallbackFails ? new TrackerStartException("fallback", "it was told not to") : null;
        // The second one is that of the second region: what is written to the first meanwhile is in no report.
        pair.Tracker.FailingReports.Add(failingReport);
        fallback.OnStart = () => Write(pair, 5);
        pair.Tracker.OnStop = () => Write(pair, 4);
        if (fallbackFails)
        {
            pair.Tracker.OnStop = null;
        }

        pair.SourceOptions = pair.SourceOptions with
        {
            Plan = pair.Plan with { Fallbacks = [new PlanTracker("fallback", Both, PageSize.Size4K)] },
            Trackers = new Dictionary<string, IDirtyTracker> { ["test"] = pair.Tracker, ["fallback"] = fallback },
        };
        var reports = pair.Run();
        pair.AssertMoved(reports);
        Assert.Equal(fallbackFails ? null : "replaced after it failed", reports.Source.Trackers[0].Ended);
        Assert.Equal(fallbackFails ? 1 : 2, reports.Source.Trackers.Count);
        Assert.False(fallback.IsStarted || pair.Tracker.IsStarted);
    }

    [Fact]
    public async Task A_rollback_stops_what_came_on_the_way()
    {
        using var pair = NewPair();
        using var next = Marking(pair, new TestTracker("next", pair.Source.Memory, DmaSource.Vcpus));
        using var cancellation = new CancellationTokenSource();
        var running = RunSlowly(pair, out var engine, cancellation.Token);
        await engine.ChangeTrackerAsync(Change(TrackerChangeKind.Replace, "vcpus", next));
        await engine.ChangeTrackerAsync(Change(TrackerChangeKind.Replace, "nic0", next));
        await cancellation.CancelAsync();
        pair.AssertRolledBack(await running);
        Assert.False(next.IsStarted);
    }

    private static Pair NewPair()
    {
        var pair = new Pair(workingSetPages: 64);
        pair.Fill();
        return pair;
    }

    private static TestTracker Marking(Pair pair, TestTracker tracker)
    {
        pair.Source.Written += tracker.Mark;
        return tracker;
    }

    private static TrackerChange Change(TrackerChangeKind kind, string source, TestTracker tracker) =>
        new(kind, source, new PlanTracker(tracker.Name, [source], PageSize.Size4K), tracker);

    // A page that nothing else writes.
    private static void Write(Pair pair, ulong number) => pair.Source.Write(new Gpa((12 << 20) - (number * 4096)), 0x0123_4567_89ab_cdef ^ number);

    // Rounds go on until they are told to end, at the earliest after some seconds.
    private static Task<(Reports.MigrationReport Source, Reports.ReceiveReport Destination)> RunSlowly(Pair pair, out MigrationSource engine, CancellationToken cancellation = default)
    {
        pair.SourceOptions = pair.SourceOptions with
        {
            BandwidthBytesPerSecond = 24 << 20,
            Convergence = new ConvergenceOptions { DowntimeLimit = TimeSpan.FromMilliseconds(1), MaxTime = TimeSpan.FromSeconds(2), MaxRounds = 10_000, StallWindowRounds = 64 },
        };
        var running = Task.Factory.StartNew(() => pair.Run(cancellation), Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.True(SpinWait.SpinUntil(() => pair.SourceEngine?.GetProgress().Phase == Reports.MigrationPhase.Rounds, TimeSpan.FromSeconds(20)));
        engine = pair.SourceEngine!;
        return running;
    }
}

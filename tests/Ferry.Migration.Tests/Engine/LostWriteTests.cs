using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Migration.Reports;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

public sealed class LostWriteTests
{
    private static readonly (Gpa, ulong)[] Large = [(new Gpa(0), 48 << 20)];

    [Fact]
    public void Verification_finds_one_page_of_ten_thousand_that_a_tracker_dropped()
    {
        using var pair = Writing(10_000, 10_000, verify: true);
        var reports = pair.Run();
        pair.AssertRolledBack(reports);
        Assert.Equal(FailureKind.Verification, reports.Source.Failure);
        Assert.False(reports.Source.MemoryVerified);
        Assert.Contains("memory differs", reports.Source.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_writes_all_reported_pass_verification()
    {
        using var pair = Writing(10_000, 0, verify: true);
        var reports = pair.Run();
        pair.AssertMoved(reports);
        Assert.True(reports.Source.MemoryVerified);
        Assert.True(reports.Destination.MemoryVerified);
    }

    // Memory of which every other page was touched, and memory that was not, up to the moment of the writes.
    [Theory]
    [InlineData(0)]
    [InlineData(6144)]
    public void A_tracker_that_fails_costs_a_copy_of_everything_and_no_page(ulong firstPage)
    {
        using var pair = Writing(500, 0, verify: true, firstPage);
        pair.Tracker.FailingReports.Add(1);
        pair.Tracker.FailingReports.Add(2);
        var reports = pair.Run();
        pair.AssertMoved(reports);
        Assert.Equal(2, reports.Source.Trackers[0].Failures);
        Assert.Equal("it was told to", reports.Source.Trackers[0].LastFailure);
    }

    [Fact]
    public void A_tracker_that_does_not_start_ends_the_migration_before_it_began()
    {
        using var pair = new Pair(tracker: memory => new TestTracker("test", memory, DmaSource.Vcpus) { StartFailure = new TrackerStartException("test", "it was told not to") });
        pair.AssertRolledBack(pair.Run());
    }

    [Fact]
    public void Pages_written_before_they_are_taken_are_not_lost_with_a_tracker_that_defers()
    {
        DeferredTestTracker? deferred = null;
        using var pair = new Pair(tracker: memory => deferred = new DeferredTestTracker("test", memory, DmaSource.Vcpus), workingSetPages: 1500);
        pair.Fill();
        pair.AssertMoved(pair.Run());
        Assert.True(deferred!.TakenPages > 0);
    }

    [Fact]
    public void State_that_a_device_lost_is_found()
    {
        using var pair = new Pair();
        pair.SourceDevice.LostBytes = 1;
        var reports = pair.Run();
        pair.AssertRolledBack(reports);
        Assert.Contains("got 699999 of 700000 bytes of state", reports.Source.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(VfioDeviceState.PreCopy)]
    [InlineData(VfioDeviceState.PreCopyP2P)]
    [InlineData(VfioDeviceState.StopCopy)]
    public void A_device_that_refuses_a_state_is_brought_back(VfioDeviceState refused)
    {
        using var pair = new Pair();
        pair.SourceDevice.Refused.Add(refused);
        pair.AssertRolledBack(pair.Run());
    }

    [Fact]
    public void A_device_whose_state_can_not_be_read_is_brought_back()
    {
        using var pair = new Pair();
        pair.SourceDevice.FailingRead = 4;
        pair.AssertRolledBack(pair.Run());
    }

    [Fact]
    public void A_vcpu_state_that_can_not_be_loaded_is_found_before_commit()
    {
        using var pair = new Pair();
        pair.Destination.OnLoad = state => [.. state.Select(value => (byte)(value + 1))];
        var reports = pair.Run();
        pair.AssertRolledBack(reports);
        Assert.Equal(FailureKind.Verification, reports.Source.Failure);
    }

    [Fact]
    public void A_machine_that_can_not_be_paused_or_saved_runs_on()
    {
        using var paused = new Pair();
        paused.Source.OnPause = () => throw new InvalidOperationException("A vCPU does not stop.");
        paused.AssertRolledBack(paused.Run());
        using var saved = new Pair();
        saved.Source.OnSave = () => throw new InvalidOperationException("A register can't be read.");
        saved.AssertRolledBack(saved.Run());
    }

    // The guest's last act before it stops is to write so many pages, each once.
    private static Pair Writing(int pages, long dropEvery, bool verify, ulong firstPage = 0)
    {
        var pair = new Pair(Large, workingSetPages: 0, verify, tracker: memory => new TestTracker("test", memory, DmaSource.Vcpus) { DropEvery = dropEvery });
        pair.Fill();
        pair.Source.OnPause = () =>
        {
            for (var page = firstPage; page < firstPage + (ulong)pages; page++)
            {
                pair.Source.Write(new Gpa(page * 4096), 0x1234_5678_9abc_def0 + page);
            }
        };
        return pair;
    }
}

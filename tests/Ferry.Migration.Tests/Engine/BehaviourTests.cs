using Ferry.Memory;
using Ferry.Migration.Convergence;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

public sealed class BehaviourTests
{
    private const ulong Half = 6 << 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Holes_stay_holes_on_both_sides(bool defers)
    {
        using var pair = new Pair(tracker: memory => defers ? new DeferredTestTracker("test", memory, DmaSource.Vcpus) : new TestTracker("test", memory, DmaSource.Vcpus));
        pair.Fill();
        var reports = pair.Run();
        pair.AssertMovedButMemory(reports);
        Assert.DoesNotContain(pair.Source.FindPopulated(), range => range.Last.Value >= Half && range.Last.Value < 12 << 20);
        Assert.DoesNotContain(pair.Destination.FindPopulated(), range => range.Last.Value >= Half && range.Last.Value < 12 << 20);
        Assert.True(reports.Destination.UntouchedZeroPages >= 2 * Half / 3 / 4096);
        pair.AssertMemoryEqual();
    }

    /// <summary>The description holds only so many ranges.</summary>
    [Fact]
    public void Memory_more_scattered_than_can_be_described_moves_too()
    {
        using var pair = new Pair([(new Gpa(0), 48 << 20), (new Gpa(1UL << 32), 48 << 20)], workingSetPages: 0);
        foreach (var region in pair.Source.Memory.Regions)
        {
            for (ulong offset = 0; offset < region.LengthBytes; offset += 8192)
            {
                pair.Source.Memory.GetSpan(new Gpa(region.Start.Value + offset), 8)[7] = 1;
            }
        }

        Assert.True(pair.Source.FindPopulated().Count() > Wire.MachineDescription.MaxExtents);
        pair.AssertMoved(pair.Run());
    }

    [Fact]
    public void A_page_that_becomes_zero_is_zero_there_too()
    {
        using var pair = new Pair();
        pair.Fill();
        pair.Source.OnPause = () =>
        {
            pair.Source.Memory.GetSpan(new Gpa(8192 * 100), 4096).Clear();
            pair.Tracker.Mark(new Gpa(8192 * 100));
        };
        pair.AssertMoved(pair.Run());
    }

    [Fact]
    public void Memory_that_was_used_before_is_cleared_where_it_is_not_known_to_be_zero()
    {
        using var pair = new Pair(workingSetPages: 0);
        pair.Fill();
        pair.Destination.Fill(new Gpa(Half + 4096), 3);
        pair.Destination.Fill(new Gpa(4096), 3);
        pair.DestinationOptions = pair.DestinationOptions with { MemoryIsZero = false };
        pair.AssertMoved(pair.Run());
    }

    [Fact]
    public void Verification_finds_memory_that_was_not_zero_as_promised()
    {
        using var pair = new Pair(workingSetPages: 0);
        pair.Fill();
        pair.Destination.Fill(new Gpa(Half + 4096), 3);
        var reports = pair.Run();
        pair.AssertRolledBack(reports);
        Assert.Equal(FailureKind.Verification, reports.Source.Failure);
    }

    [Fact]
    public void A_bandwidth_limit_is_kept_by_all_channels_together()
    {
        using var pair = new Pair(workingSetPages: 0, verify: false);
        pair.Fill();
        pair.SourceOptions = pair.SourceOptions with { BandwidthBytesPerSecond = 16 << 20, Channels = 4 };
        var report = pair.Run().Source;
        Assert.Equal(MigrationOutcome.Completed, report.Outcome);
        // Four megabytes, less the burst that is allowed at first.
        Assert.InRange(report.Total.TotalSeconds, report.SentBytes / (double)(16 << 20) * 0.6, 30);
    }

    [Fact]
    public void Compression_sends_less_and_what_does_not_shrink_as_it_is()
    {
        using var plain = Compressible(PageCompression.None);
        var sent = plain.Run().Source.SentBytes;
        foreach (var compression in (PageCompression[])[PageCompression.Lz4, PageCompression.Zstd])
        {
            using var pair = Compressible(compression);
            var reports = pair.Run();
            pair.AssertMoved(reports);
            Assert.True(reports.Source.SentBytes < sent / 4);
        }
    }

    [Fact]
    public void A_cancel_in_the_rounds_rolls_back()
    {
        using var pair = new Pair(workingSetPages: 256);
        pair.Fill();
        using var cancellation = new CancellationTokenSource();
        pair.SourceOptions = pair.SourceOptions with { BandwidthBytesPerSecond = 4 << 20 };
        cancellation.CancelAfter(150);
        var reports = pair.Run(cancellation.Token);
        pair.AssertRolledBack(reports);
        Assert.Equal(FailureKind.Cancelled, reports.Source.Failure);
        Assert.Contains("cancelled", reports.Destination.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancel_at_the_destination_leaves_the_source_running()
    {
        using var pair = new Pair(workingSetPages: 256);
        pair.Fill();
        using var cancellation = new CancellationTokenSource();
        pair.SourceOptions = pair.SourceOptions with { BandwidthBytesPerSecond = 4 << 20 };
        cancellation.CancelAfter(150);
        pair.AssertRolledBack(pair.Run(destinationCancellation: cancellation.Token));
    }

    [Theory]
    [InlineData(StallAction.Stop, MigrationOutcome.Completed)]
    [InlineData(StallAction.Fail, MigrationOutcome.RolledBack)]
    [InlineData(StallAction.Throttle, MigrationOutcome.Completed)]
    public void A_guest_that_never_rests_ends_as_the_policy_says(StallAction action, MigrationOutcome outcome)
    {
        using var pair = new Pair(workingSetPages: 512, verify: false);
        pair.Fill();
        pair.SourceOptions = pair.SourceOptions with
        {
            Convergence = new ConvergenceOptions { DowntimeLimit = TimeSpan.FromMilliseconds(1), OnStall = action, WhenExhausted = StallAction.Stop, MaxRounds = 20, LowPointRounds = 2 },
        };
        var reports = pair.Run();
        Assert.True(outcome == reports.Source.Outcome, reports.Source.Reason);
        Assert.False(reports.Source.Converged);
        Assert.NotEmpty(reports.Source.Rounds);
        if (outcome == MigrationOutcome.Completed)
        {
            pair.AssertMoved(reports);
        }
        else
        {
            pair.AssertRolledBack(reports);
            Assert.Equal(FailureKind.NotConverged, reports.Source.Failure);
        }
    }

    [Fact]
    public void A_report_accounts_for_all_of_it()
    {
        using var pair = new Pair();
        pair.Fill();
        var (source, destination) = pair.Run();
        Assert.Equal(16UL << 20, source.MemoryBytes);
        Assert.Equal(source.SentBytes, destination.ReceivedBytes);
        Assert.Equal(source.SentPages, destination.ReceivedPages);
        Assert.Equal(source.ZeroPages, destination.ZeroPages);
        Assert.Equal(700_000UL, source.Devices[0].PreCopyBytes + source.Devices[0].StopCopyBytes);
        Assert.Equal(source.Devices[0].StopCopyBytes, destination.Devices[0].StopCopyBytes);
        Assert.Contains(source.Steps, step => step.Name == "device nic0 RUNNING -> PRE_COPY");
        Assert.Equal("pause vCPUs", source.DowntimeParts[0].Name);
        Assert.Equal("commit and start", source.DowntimeParts[^1].Name);
        Assert.InRange(source.Downtime, TimeSpan.FromTicks(1), source.Total);
        Assert.InRange(source.DestinationDowntime, TimeSpan.FromTicks(1), source.Downtime);
        Assert.True(source.SourceExtraRssBytes > 1 << 20);
        Assert.True(source.DestinationExtraRssBytes > 1 << 20);
        Assert.True(source.SourceCpu > TimeSpan.Zero);
        Assert.True(source.DestinationCpu > TimeSpan.Zero);
        Assert.Equal(MigrationPhase.Ended, pair.SourceEngine!.GetProgress().Phase);
        Assert.Equal(source.SentBytes, pair.SourceEngine.GetProgress().SentBytes);
    }

    private static Pair Compressible(PageCompression compression)
    {
        var pair = new Pair(workingSetPages: 0);
        pair.Source.Memory.GetSpan(new Gpa(0), 2 << 20).Fill(0x5a);
        pair.Source.Fill(new Gpa(4 << 20), 5);
        pair.SourceOptions = pair.SourceOptions with { Compression = compression };
        return pair;
    }
}

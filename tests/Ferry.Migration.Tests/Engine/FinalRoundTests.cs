using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Migration.Convergence;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

/// <summary>In which rounds a device is silent for the sync.</summary>
public sealed class FinalRoundTests
{
    private const int Rounds = 6;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(int.MaxValue, Rounds)]
    public void It_is_silent_in_as_many_of_the_last_rounds_as_the_policy_says(int last, int expected)
    {
        const ulong Pages = 2048;
        using var pair = new Pair([(new Gpa(0), 16 << 20)], workingSetPages: 0, verify: false, tracker: memory => new SteadyTracker(memory, Pages));
        pair.Fill();
        var plan = Assert.IsType<PlanResult.Planned>(MigrationPlanner.Plan(new PlanRequest
        {
            Devices = [new PlanDevice { Id = "nic0", Migration = pair.SourceDevice.Migration, P2PSync = last == 0 ? P2PSyncPolicy.Never : P2PSyncPolicy.Last(last) }],
            Trackers = [new PlanTracker("test", ["vcpus", "nic0"], PageSize.Size4K)],
        })).Plan;
        pair.SourceOptions = pair.SourceOptions with
        {
            Plan = plan,
            BandwidthBytesPerSecond = 64 << 20,
            // What never shrinks goes on to the last round that is allowed.
            Convergence = new ConvergenceOptions { DowntimeLimit = TimeSpan.FromMilliseconds(1), MaxRounds = Rounds, StallWindowRounds = 64, LowPointRounds = 0 },
        };
        pair.DestinationOptions = pair.DestinationOptions with { Load = plan.Load, Start = plan.Start };
        List<int> silentIn = [];
        var reports = 0;
        ((SteadyTracker)pair.Tracker).OnReport = () =>
        {
            reports++;
            if (pair.SourceDevice.State is VfioDeviceState.PreCopyP2P)
            {
                silentIn.Add(reports);
            }
        };
        var report = pair.Run().Source;
        Assert.Equal(MigrationOutcome.Completed, report.Outcome);
        Assert.Equal(Rounds, report.Rounds.Count);
        Assert.Equal(Enumerable.Range(Rounds - expected + 1, expected), silentIn);
    }

    /// <summary>The same pages are dirty at each sync.</summary>
    private sealed class SteadyTracker(GuestMemory memory, ulong pages) : TestTracker("test", memory, DmaSource.Vcpus)
    {
        public Action OnReport { get; set; } = () => { };

        public override void Report(IovaRange range, DirtyBitmap bitmap)
        {
            OnReport();
            bitmap.SetPages(0, pages);
        }
    }
}

using CsCheck;
using Ferry.Bench.Model;
using Ferry.Bench.Profiles;
using Ferry.Migration.Convergence;
using Ferry.Migration.Planning;
using Xunit;
using static Ferry.Bench.Tests.Model.TestHosts;

namespace Ferry.Bench.Tests.Model;

public sealed class PreCopyModelTests
{
    [Fact]
    public void A_machine_that_writes_nothing_is_copied_once()
    {
        var prediction = Predict(MachineWith(Vcpus(64, 0)), Policy((WriterLoad.Vcpus, Free())));
        Assert.Equal(1, prediction.TotalSeconds, 1e-9);
        Assert.Equal(0, prediction.DowntimeSeconds, 1e-9);
        Assert.Equal(GiB, prediction.SentBytes, 1e-3);
        Assert.Single(prediction.Rounds);
        Assert.True(prediction.Converges);
    }

    // By hand: 1 GiB at 1 GiB/s is 1 s, in which a ring dirties 512 MiB; that takes 500 ms, in which 256 MiB are dirtied, and so on.
    // A downtime of 125 ms at most is what 128 MiB take: the rounds 1, 1/2, 1/4, and 1/8 is the downtime.
    [Fact]
    public void Rounds_shrink_by_what_is_dirtied_while_they_are_sent()
    {
        var writer = new WriterLoad("nic0") { WorkingSetBytes = GiB, DirtyBytesPerSecond = 512 * MiB, Pattern = AccessPattern.Sequential };
        var policy = Policy(("nic0", Free())) with { Convergence = new ConvergenceOptions { DowntimeLimit = TimeSpan.FromMilliseconds(127) } };
        var prediction = Predict(MachineWith(writer), policy);
        Assert.Equal([1, 0.5, 0.25], prediction.Rounds.Select(round => Math.Round(round.Seconds, 6)));
        Assert.Equal(0.125, prediction.DowntimeSeconds, 1e-6);
        Assert.Equal(1.875, prediction.TotalSeconds, 1e-6);
        Assert.Equal(1.875 * GiB, prediction.SentBytes, 1.0);
    }

    [Fact]
    public void Each_cost_is_counted_where_it_falls()
    {
        var engine = Plain with { SwitchoverSeconds = 0.01, DeviceSeconds = 0.002, VerifySeconds = 0.02, VerifyBytesPerSecond = 4 * GiB, FirstRoundSeconds = 0.1, CopySeconds = 0.003 };
        var costs = Free() with { ReportSeconds = 0.005, StopSeconds = 0.001, Slowdown = 0.25 };
        var machine = MachineWith(new WriterLoad("nic0") { WorkingSetBytes = MiB, DirtyBytesPerSecond = 0 }) with { ZeroBytes = 2 * GiB, DeviceStateBytes = 64 * MiB };
        var prediction = new PreCopyModel(engine with { ZeroBytesPerSecond = 8 * GiB }, FreeLink).Predict(machine, Policy(("nic0", costs)) with { Verify = true });
        // The downtime: fixed, the device's, a last report, a copy of nothing, state at 1 GiB/s, the tracker's stop, 1 GiB hashed.
        Assert.Equal(0.01 + 0.002 + 0.005 + 0.003 + 0.0625 + 0.001 + 0.02 + 0.25, prediction.DowntimeSeconds, 1e-9);
        Assert.Equal(prediction.DowntimeSeconds + 1 + 0.003 + 0.25 + 0.1 + 0.005, prediction.TotalSeconds, 1e-9);
        Assert.Equal(0.25, prediction.DeviceSlowdown, 1e-9);
        Assert.Equal(0, prediction.GuestSlowdown);
    }

    // The rounds of 1 and 1/2 s from above, each later, and with it what it dirties, by what it takes beside its copy.
    [Fact]
    public void The_first_round_takes_what_no_later_one_does()
    {
        var writer = new WriterLoad("nic0") { WorkingSetBytes = GiB, DirtyBytesPerSecond = 512 * MiB, Pattern = AccessPattern.Sequential };
        var policy = Policy(("nic0", Free())) with { Convergence = new ConvergenceOptions { DowntimeLimit = TimeSpan.FromMilliseconds(320) } };
        var prediction = new PreCopyModel(Plain with { FirstRoundSeconds = 0.2, RoundSeconds = 0.01 }, FreeLink).Predict(MachineWith(writer), policy);
        Assert.Equal([1.2, 0.61], prediction.Rounds.Select(round => Math.Round(round.Seconds, 6)));
        // What was written until the vCPUs were paused: the device writes on after the last sync.
        Assert.Equal(0.305 + 0.005, prediction.DowntimeSeconds, 1e-6);
    }

    // A link of 64 MiB/s that nothing used for 10 ms owes 10 ms of what it carries, not all that it would let go at once after a long pause.
    [Fact]
    public void After_a_short_pause_a_link_lets_go_no_more_than_it_was_spared()
    {
        var nic = new WriterLoad("nic0") { WorkingSetBytes = GiB, DirtyBytesPerSecond = 16 * MiB, Pattern = AccessPattern.Sequential };
        var link = new LinkCosts(64 * MiB, 0) { BurstSeconds = 0.5 };
        var prediction = new PreCopyModel(Plain with { FirstRoundSeconds = 0.1, RoundSeconds = 0.01 }, link).Predict(MachineWith(nic), Policy(("nic0", Free())));
        // 1 GiB at 64 MiB/s is 16 s, and the link was free for long before.
        Assert.Equal(15.6, prediction.Rounds[0].Seconds, 1e-6);
        // 249.6 MiB are 3.9 s, of which 0.1 s went by; the next round's quarter has 0.01 s.
        Assert.Equal(3.9 - 0.1 + 0.01, prediction.Rounds[1].Seconds, 1e-6);
        Assert.Equal((3.81 / 4) - 0.01 + 0.01, prediction.Rounds[2].Seconds, 1e-6);
    }

    [Fact]
    public void What_a_coarse_page_adds_is_copied_once_and_not_again_for_the_last_sync()
    {
        var nic = new WriterLoad("nic0") { WorkingSetBytes = GiB, DirtyBytesPerSecond = 16 * MiB, Pattern = AccessPattern.Sequential };
        var policy = Policy(("nic0", Free(2 << 20)));
        var prediction = new PreCopyModel(Plain with { RoundSeconds = 0.01 }, FreeLink).Predict(MachineWith(nic), policy);
        // 16 MiB in the second of the round, 0.16 MiB until the device stood still, and one page's rest.
        Assert.Equal(((16.16 * MiB) + (2 * MiB) - 4096) / GiB, prediction.DowntimeSeconds, 1e-9);
    }

    // 64 MiB of 1 GiB are written once over in the second that the copy takes: what kvm-log finds is what was written after the page was copied.
    [Theory]
    [InlineData("kvm-ring", 0.5, 1.0)]
    [InlineData("kvm-log", 0.5, 0.5)]
    [InlineData("kvm-log", 0.25, 0.75)]
    [InlineData("kvm-log", 1.0, 0.0)]
    public void A_tracker_that_forgets_what_is_copied_finds_what_was_written_after_it(string tracker, double position, double part)
    {
        var guest = Vcpus(64, 64) with { Position = position };
        var prediction = Predict(MachineWith(guest), Policy((WriterLoad.Vcpus, new ProviderCosts(tracker, 4096))));
        Assert.Equal(64 * MiB * (1 - Math.Exp(-part)), prediction.Rounds[0].RemainingBytes, 1.0);
    }

    // The log is read first and the device's after it, for 10 ms in which the guest goes on: what it writes then no copy has forgotten.
    [Fact]
    public void What_is_written_after_the_last_report_of_a_tracker_that_forgets_late_is_copied_too()
    {
        var machine = MachineWith(Vcpus(1024, 100), new WriterLoad("nic0") { WorkingSetBytes = MiB, DirtyBytesPerSecond = 0 });
        double Downtime(double report) => Predict(
            machine, Policy((WriterLoad.Vcpus, new ProviderCosts("kvm-log", 4096)), ("nic0", Free() with { ReportSeconds = report }))).DowntimeSeconds;
        // The report itself, and 1 MiB at 1 GiB/s, of which some pages are dirty already.
        Assert.InRange(Downtime(0.01) - Downtime(0), 0.01 + (0.9 / 1024), 0.01 + (1.0 / 1024));
    }

    // Half of the working set is dirty, and copied in the next round, in which both halves are written as often: of the copied one the first half is lost.
    [Fact]
    public void In_a_later_round_only_what_is_copied_is_forgotten_late()
    {
        var guest = Vcpus(1024, 1024) with { Position = 0 };
        var policy = Policy((WriterLoad.Vcpus, new ProviderCosts("kvm-log", 4096))) with { Convergence = new ConvergenceOptions { DowntimeLimit = TimeSpan.FromMilliseconds(1), MaxRounds = 2 } };
        var prediction = Predict(MachineWith(guest) with { DataBytes = GiB }, policy);
        var dirty = 1 - Math.Exp(-1);
        Assert.Equal(dirty * GiB, prediction.Rounds[0].RemainingBytes, 1.0);
        Assert.Equal(((dirty * (1 - Math.Exp(-dirty / 2))) + ((1 - dirty) * (1 - Math.Exp(-dirty)))) * GiB, prediction.Rounds[1].RemainingBytes, 1.0);
    }

    [Fact]
    public void A_guest_that_outruns_the_link_stalls_as_the_engine_would()
    {
        var policy = Policy((WriterLoad.Vcpus, Free()));
        var prediction = new PreCopyModel(Plain, new LinkCosts(64 * MiB, 0)).Predict(MachineWith(Vcpus(512, 4096)), policy);
        Assert.True(prediction.Moves);
        Assert.False(prediction.Converges);
        Assert.Equal(DecisionReason.Stalled, prediction.Rounds[^1].Decision.Reason);
        var failing = new PreCopyModel(Plain, new LinkCosts(64 * MiB, 0))
            .Predict(MachineWith(Vcpus(512, 4096)), policy with { Convergence = new ConvergenceOptions { OnStall = StallAction.Fail } });
        Assert.False(failing.Moves);
    }

    [Fact]
    public void A_throttle_brings_the_end_and_costs_the_guest()
    {
        var policy = Policy((WriterLoad.Vcpus, Free())) with { Convergence = new ConvergenceOptions { OnStall = StallAction.Throttle } };
        var prediction = new PreCopyModel(Plain, new LinkCosts(64 * MiB, 0)).Predict(MachineWith(Vcpus(512, 128)), policy);
        Assert.True(prediction.Converges);
        Assert.InRange(prediction.GuestSlowdown, 0.01, 0.95);
        Assert.Equal(0, prediction.DeviceSlowdown);
    }

    [Fact]
    public void A_provider_that_knows_nothing_reports_all_data_every_time()
    {
        var prediction = Predict(MachineWith(Vcpus(64, 1)), Policy((WriterLoad.Vcpus, new ProviderCosts("all", 4096) { Precision = ReportPrecision.Mapped })));
        Assert.False(prediction.Converges);
        Assert.Equal(1, prediction.DowntimeSeconds, 1e-6);
    }

    [Fact]
    public void A_pinned_working_set_is_sent_again_whole()
    {
        var nic = new WriterLoad("nic0") { WorkingSetBytes = 256 * MiB, DirtyBytesPerSecond = 1 };
        var prediction = Predict(MachineWith(nic), Policy(("nic0", Free() with { Precision = ReportPrecision.Pinned })));
        Assert.Equal(0.25, prediction.DowntimeSeconds, 1e-6);
    }

    [Fact]
    public void A_device_that_stands_still_for_each_sync_loses_that_time()
    {
        var nic = new WriterLoad("nic0") { WorkingSetBytes = 256 * MiB, DirtyBytesPerSecond = 1 };
        var policy = Policy(("nic0", Free() with { ReportSeconds = 0.05 }));
        policy = policy with { Trackers = [policy.Trackers[0] with { Sync = P2PSyncPolicy.EachRound }] };
        var prediction = new PreCopyModel(Plain with { P2PSeconds = 0.05 }, FreeLink).Predict(MachineWith(nic), policy);
        Assert.Equal(0.1 / 1.1, prediction.DeviceSlowdown, 1e-6);
    }

    [Fact]
    public void A_source_without_a_tracker_is_refused() =>
        Assert.Throws<ArgumentException>(() => Predict(MachineWith(Vcpus(64, 1)), Policy(("nic0", Free()))));

    [Fact]
    public void A_faster_link_is_never_slower_and_more_writes_are_never_fewer_bytes() =>
        Questions.Sample(
            each =>
            {
                var (workingSet, dirty, page, link) = each;
                // A stall may end a migration earlier than a bit of progress would: what converges is compared.
                var less = On(workingSet, dirty, page, link);
                var faster = On(workingSet, dirty, page, link * 2);
                var more = On(workingSet, dirty * 1.5, page, link);
                Assert.True(!less.Converges || faster.Converges);
                Assert.True(!less.Converges || faster.TotalSeconds <= less.TotalSeconds * (1 + 1e-9), $"{less.TotalSeconds} s, and {faster.TotalSeconds} s on twice the link");
                Assert.True(!less.Converges || !more.Converges || more.SentBytes >= less.SentBytes * (1 - 1e-9), $"{less.SentBytes} bytes, and {more.SentBytes} with more writes");
            },
            iter: 2000);

    [Fact]
    public void A_coarser_page_never_sends_fewer_bytes() =>
        Questions.Sample(
            each =>
            {
                var fine = On(each.WorkingSet, each.Dirty, 4096, each.Link);
                var coarse = On(each.WorkingSet, each.Dirty, 65536, each.Link);
                Assert.True(!fine.Converges || !coarse.Converges || coarse.SentBytes >= fine.SentBytes * (1 - 1e-9));
            },
            iter: 2000);

    private static Gen<(double WorkingSet, double Dirty, ulong Page, double Link)> Questions =>
        from workingSet in Gen.Double[1, 1024]
        from dirty in Gen.Double[0, 2000]
        from fine in Gen.Bool
        from link in Gen.Double[1e7, 5e10]
        select (workingSet, dirty, fine ? 4096UL : 65536UL, link);

    private static Prediction On(double workingSetMiB, double dirtyMiB, ulong page, double link) =>
        new PreCopyModel(Plain with { CopySeconds = 1e-3, SwitchoverSeconds = 5e-3 }, new LinkCosts(link, 1e-4))
            .Predict(MachineWith(Vcpus(workingSetMiB, dirtyMiB)), Policy((WriterLoad.Vcpus, Free(page))));

    private static Prediction Predict(Workload workload, PolicyChoice policy) => new PreCopyModel(Plain, FreeLink).Predict(workload, policy);
}

using Ferry.Migration.Convergence;
using Xunit;

namespace Ferry.Migration.Tests.Convergence;

public sealed class ConvergencePolicyTests
{
    private static readonly ConvergenceOptions Options = new();

    [Theory]
    [InlineData(64e6, 20e6)]
    [InlineData(2e9, 100e6)]
    [InlineData(2e9, 700e6)]
    [InlineData(200e6, 5e9)]
    public void A_guest_whose_rate_or_working_set_the_link_can_take_converges(double workingSet, double rate)
    {
        foreach (var isSequential in new[] { false, true })
        {
            var run = new MigrationSimulation(Options, DirtyModel.Steady(workingSet, rate, isSequential)) { Noise = 0.05 }.Run();
            Assert.True(run.Last.Converged, $"{run.Last}");
            Assert.Equal(DecisionReason.WithinLimit, run.Last.Reason);
            Assert.True(run.Last.PredictedDowntime <= Options.DowntimeLimit);
        }
    }

    [Fact]
    public void A_guest_that_writes_in_bursts_converges_between_them()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var run = new MigrationSimulation(Options, DirtyModel.Bursty(3e9, 4e9, 3 + (seed * 0.07)), seed) { Noise = 0.1 }.Run();
            Assert.True(run.Last.Converged, $"seed {seed}: {run.Last}: {string.Join(' ', run.Remaining)}");
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.05)]
    [InlineData(0.2)]
    public void A_guest_that_dirties_more_than_the_link_takes_is_a_stall_within_few_rounds(double noise)
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var run = new MigrationSimulation(Options with { OnStall = StallAction.Fail }, DirtyModel.Steady(2e9, 3e9), seed) { Noise = noise }.Run();
            Assert.Equal((DecisionKind.Fail, DecisionReason.Stalled), (run.Last.Kind, run.Last.Reason));
            // Noise can pass for progress, though not for long.
            Assert.InRange(run.Decisions.Count, 4, noise > 0.1 ? 14 : 7);
        }
    }

    [Fact]
    public void Noise_is_not_taken_for_a_stall_while_what_remains_shrinks()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var run = new MigrationSimulation(Options with { OnStall = StallAction.Fail, DowntimeLimit = TimeSpan.FromMilliseconds(20) }, DirtyModel.Steady(3e9, 600e6), seed) { Noise = 0.25 }.Run();
            Assert.True(run.Last.Converged, $"seed {seed}: {run.Last}: {string.Join(' ', run.Remaining)}");
        }
    }

    [Fact]
    public void A_stalled_guest_is_stopped_near_the_least_that_was_seen()
    {
        var (low, rounds) = (0, 0);
        const int Runs = 100;
        for (var seed = 0; seed < Runs; seed++)
        {
            // What remains swings between 0.6 GB and 2 GB; the limit allows 0.3 GB.
            var guest = DirtyModel.Oscillating(3e9, 1.2e9, 2.4e9, 9.7 + (seed * 0.1));
            var run = new MigrationSimulation(Options, guest, seed) { Noise = 0.1 }.Run();
            Assert.Equal((DecisionKind.SwitchOver, DecisionReason.Stalled, false), (run.Last.Kind, run.Last.Reason, run.Last.Converged));
            var recent = run.Remaining.TakeLast(12).Order().ToList();
            low += run.Remaining[^1] <= Math.Max(recent[0] * 1.1, recent[recent.Count / 3]) ? 1 : 0;
            rounds += run.Decisions.Count;
        }

        // Some swings don't come back in time.
        Assert.True(low >= Runs * 8 / 10, $"{low} of {Runs}");
        Assert.InRange(rounds / Runs, 4, 12);
    }

    [Fact]
    public void A_high_round_is_waited_out_and_the_next_low_one_taken()
    {
        var policy = new ConvergencePolicy(Options);
        long[] remaining = [1000, 500, 900, 700, 900, 880, 510];
        var kinds = remaining.Select(mib => policy.Next(Sample(mib << 20)).Kind).ToList();
        Assert.All(kinds[..^1], kind => Assert.Equal(DecisionKind.Continue, kind));
        Assert.Equal(DecisionKind.SwitchOver, kinds[^1]);
    }

    [Fact]
    public void Waiting_for_a_low_point_ends_even_where_what_remains_only_grows()
    {
        var policy = new ConvergencePolicy(Options with { LowPointRounds = 5 });
        var rounds = 0;
        Decision decision;
        do
        {
            decision = policy.Next(Sample((1000L << 20) + ((long)++rounds << 28)));
        }
        while (decision.Kind == DecisionKind.Continue);
        Assert.Equal((DecisionKind.SwitchOver, false), (decision.Kind, decision.Converged));
        Assert.InRange(rounds, 4, 4 + 5);
    }

    [Fact]
    public void Throttling_rises_step_by_step_until_it_converges()
    {
        var run = new MigrationSimulation(Options with { OnStall = StallAction.Throttle }, DirtyModel.Steady(3e9, 2e9)).Run();
        Assert.True(run.Last.Converged, $"{run.Last}");
        var steps = run.Decisions.Where(decision => decision.Kind == DecisionKind.Throttle).Select(decision => decision.ThrottlePercent).ToList();
        Assert.Equal(20, steps[0]);
        Assert.All(steps.Zip(steps.Skip(1)), pair => Assert.Equal(10, pair.Second - pair.First));
        // Half the time is enough for half the rate, and some steps may pass before their effect is seen.
        Assert.InRange(steps[^1], 50, 95);
        Assert.Equal(steps[^1], run.Last.ThrottlePercent);
    }

    [Fact]
    public void Throttling_that_doesnt_help_ends_in_failure_and_is_released()
    {
        // A device writes: it is not slowed.
        var policy = new ConvergencePolicy(Options with { OnStall = StallAction.Throttle });
        Decision decision;
        var most = 0;
        do
        {
            decision = policy.Next(Sample(2L << 30));
            most = Math.Max(most, decision.ThrottlePercent);
        }
        while (decision.Kind is DecisionKind.Continue or DecisionKind.Throttle);
        Assert.Equal((DecisionKind.Fail, 0, 95), (decision.Kind, decision.ThrottlePercent, most));
        Assert.Equal(0, policy.ThrottlePercent);
    }

    [Fact]
    public void Stretching_stops_at_the_first_limit_that_is_enough()
    {
        // 0.8 GB remain, so 0.8 s are needed: 300, 450, 675, 1012 ms.
        var run = new MigrationSimulation(Options with { OnStall = StallAction.Stretch }, DirtyModel.Steady(0.8e9, 50e9)).Run();
        Assert.Equal((DecisionKind.SwitchOver, true), (run.Last.Kind, run.Last.Converged));
        Assert.Equal(1012.5, run.Last.DowntimeLimit.TotalMilliseconds, 0.1);
    }

    [Fact]
    public void Stretching_never_exceeds_its_ceiling_and_fails_there()
    {
        var options = Options with { OnStall = StallAction.Stretch, StretchCeiling = TimeSpan.FromMilliseconds(900) };
        var run = new MigrationSimulation(options, DirtyModel.Steady(2e9, 50e9)).Run();
        Assert.Equal(DecisionKind.Fail, run.Last.Kind);
        Assert.All(run.Decisions, decision => Assert.True(decision.DowntimeLimit <= options.StretchCeiling));
        Assert.Equal(options.StretchCeiling, run.Last.DowntimeLimit);
    }

    [Theory]
    [InlineData(StallAction.Stop, DecisionKind.SwitchOver)]
    [InlineData(StallAction.Fail, DecisionKind.Fail)]
    public void Round_and_time_limits_lead_to_the_stall_action(StallAction action, DecisionKind expected)
    {
        var shrinking = Enumerable.Range(0, 40).Select(round => (long)(1e12 * Math.Pow(0.9, round))).ToArray();
        var byRounds = new ConvergencePolicy(Options with { OnStall = action, MaxRounds = 5 });
        var decisions = shrinking.TakeWhile(_ => byRounds.Rounds < 5).Select(remaining => byRounds.Next(Sample(remaining))).ToList();
        Assert.Equal((expected, DecisionReason.RoundLimit), (decisions[^1].Kind, decisions[^1].Reason));
        var byTime = new ConvergencePolicy(Options with { OnStall = action, MaxTime = TimeSpan.FromSeconds(7) });
        decisions = [.. shrinking.TakeWhile(_ => byTime.Rounds < 7).Select(remaining => byTime.Next(Sample(remaining)))];
        Assert.Equal((expected, DecisionReason.TimeLimit), (decisions[^1].Kind, decisions[^1].Reason));
    }

    [Fact]
    public void Device_state_and_overhead_count_as_downtime()
    {
        Assert.Equal(DecisionKind.SwitchOver, new ConvergencePolicy(Options).Next(Sample(200_000_000)).Kind);
        Assert.Equal(DecisionKind.Continue, new ConvergencePolicy(Options).Next(Sample(200_000_000) with { DeviceBytes = 150_000_000 }).Kind);
        var late = new ConvergencePolicy(Options).Next(Sample(200_000_000) with { FixedOverhead = TimeSpan.FromMilliseconds(150) });
        // A millisecond for the turns that no round shows.
        Assert.Equal(351, late.PredictedDowntime.TotalMilliseconds, 0.01);
        Assert.Equal(DecisionKind.Continue, late.Kind);
    }

    [Fact]
    public void What_a_switchover_is_known_to_take_is_kept_free_of_the_limit()
    {
        var measured = Options with { SwitchoverOverhead = TimeSpan.FromMilliseconds(120) };
        Assert.Equal(DecisionKind.Continue, new ConvergencePolicy(measured).Next(Sample(200_000_000)).Kind);
        var decision = new ConvergencePolicy(measured).Next(Sample(170_000_000));
        Assert.Equal((DecisionKind.SwitchOver, 290), (decision.Kind, (int)decision.PredictedDowntime.TotalMilliseconds));
    }

    // What comes on top of the copy does not shrink: 500 ms of copying have to become 100, which a quarter of them is not.
    [Fact]
    public void Rounds_left_are_told_from_what_rounds_shrink()
    {
        Assert.Equal(1, new ConvergencePolicy(Options with { SwitchoverOverhead = TimeSpan.Zero }).Next(Sample(500_000_000)).RoundsLeft);
        Assert.Equal(2, new ConvergencePolicy(Options with { SwitchoverOverhead = TimeSpan.FromMilliseconds(200) }).Next(Sample(500_000_000)).RoundsLeft);
        Assert.True(new ConvergencePolicy(Options with { SwitchoverOverhead = Options.DowntimeLimit }).Next(Sample(500_000_000)).RoundsLeft > 2);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(301)]
    public void An_overhead_that_no_switchover_could_keep_to_is_refused(int milliseconds) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConvergencePolicy(Options with { SwitchoverOverhead = TimeSpan.FromMilliseconds(milliseconds) }));

    [Fact]
    public void One_fast_round_doesnt_hide_a_slow_link()
    {
        var policy = new ConvergencePolicy(Options);
        policy.Next(Sample(1L << 32));
        // A short round of zero pages that looks a hundred times faster.
        var decision = policy.Next(Sample(1L << 31) with { BytesPerSecond = 1e11, Duration = TimeSpan.FromMilliseconds(1) });
        Assert.Equal(DecisionKind.Continue, decision.Kind);
        Assert.InRange(policy.BytesPerSecond, 1e9, 5e9);
    }

    [Fact]
    public void The_near_end_is_announced_before_the_switchover()
    {
        var run = new MigrationSimulation(Options, DirtyModel.Steady(3e9, 500e6)).Run();
        Assert.True(run.Decisions[0].RoundsLeft > 1);
        Assert.Equal(1, run.Decisions[^2].RoundsLeft);
    }

    [Theory]
    [InlineData(2.0)]
    [InlineData(3.0)]
    [InlineData(10.0)]
    public void The_rounds_left_are_those_that_follow_where_what_remains_shrinks_evenly(double shrink)
    {
        var policy = new ConvergencePolicy(Options with { StallShrink = 0.01 });
        List<Decision> decisions = [];
        for (var remaining = 64e9; decisions.Count == 0 || decisions[^1].Kind != DecisionKind.SwitchOver; remaining /= shrink)
        {
            decisions.Add(policy.Next(Sample((long)remaining)));
        }

        Assert.True(decisions.Count > 2);
        // The first round has nothing to compare itself with.
        for (var i = 1; i < decisions.Count - 1; i++)
        {
            Assert.Equal(decisions.Count - 1 - i, decisions[i].RoundsLeft);
        }
    }

    [Fact]
    public void Rounds_left_are_no_more_than_the_limit_allows_and_all_of_them_where_nothing_is_known()
    {
        var policy = new ConvergencePolicy(Options with { MaxRounds = 4 });
        Assert.Equal(3, policy.Next(Sample(1L << 40)).RoundsLeft);
        Assert.Equal(2, policy.Next(Sample((1L << 40) - 1)).RoundsLeft);
        var unknown = new ConvergencePolicy(Options with { MaxRounds = 1000 }).Next(Sample(1L << 40) with { BytesPerSecond = 0, BytesSent = 0 });
        Assert.Equal(999, unknown.RoundsLeft);
    }

    [Fact]
    public void No_round_follows_the_last_decision()
    {
        var policy = new ConvergencePolicy(Options);
        policy.Next(Sample(0));
        Assert.Throws<InvalidOperationException>(() => policy.Next(Sample(0)));
    }

    [Fact]
    public void Deciding_allocates_nothing()
    {
        var policy = new ConvergencePolicy(Options with { OnStall = StallAction.Throttle });
        policy.Next(Sample(long.MaxValue));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 60; round++)
        {
            // Goes down by steps, each long enough to be a stall.
            policy.Next(Sample(long.MaxValue >> (round / 6)));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Options_out_of_bounds_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConvergencePolicy(Options with { DowntimeLimit = TimeSpan.Zero }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConvergencePolicy(Options with { MaxRounds = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConvergencePolicy(Options with { StallShrink = double.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConvergencePolicy(Options with { ThrottleMaxPercent = 100 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConvergencePolicy(Options with { StretchFactor = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConvergencePolicy(Options with { OnStall = StallAction.Stretch, StretchCeiling = TimeSpan.FromMilliseconds(10) }));
    }

    internal static RoundSample Sample(long remainingBytes) => new()
    {
        RemainingBytes = remainingBytes,
        BytesSent = 1_000_000_000,
        Duration = TimeSpan.FromSeconds(1),
        BytesPerSecond = 1e9,
    };
}

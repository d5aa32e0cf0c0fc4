using CsCheck;
using Ferry.Migration.Convergence;
using Xunit;

namespace Ferry.Migration.Tests.Convergence;

public sealed class ConvergencePropertyTests
{
    private static readonly long[] AbsurdCounts = [long.MinValue, -1, 0, 1, long.MaxValue];
    private static readonly double[] AbsurdRates = [double.NaN, double.NegativeInfinity, double.PositiveInfinity, -1, 0, double.Epsilon, double.MaxValue];
    private static readonly long[] AbsurdTicks = [long.MinValue, -1, 0, 1, long.MaxValue];

    private static readonly Gen<long> GenCount = Gen.Frequency((1, Gen.OneOf(AbsurdCounts)), (4, Gen.Long[0, 1L << 40]));

    private static readonly Gen<RoundSample> GenSample =
        from sent in GenCount
        from ticks in Gen.Frequency((1, Gen.OneOf(AbsurdTicks)), (4, Gen.Long[0, TimeSpan.TicksPerMinute]))
        from remaining in GenCount
        from rate in Gen.Frequency((1, Gen.OneOf(AbsurdRates)), (4, Gen.Double[1, 1e11]))
        from device in GenCount
        from overhead in Gen.Frequency((1, Gen.OneOf(AbsurdTicks)), (4, Gen.Long[0, TimeSpan.TicksPerSecond]))
        select new RoundSample
        {
            BytesSent = sent,
            Duration = TimeSpan.FromTicks(ticks),
            RemainingBytes = remaining,
            BytesPerSecond = rate,
            DeviceBytes = device,
            FixedOverhead = TimeSpan.FromTicks(overhead),
        };

    private static readonly Gen<ConvergenceOptions> GenOptions =
        from limit in Gen.Int[1, 2000]
        from overhead in Gen.Int[0, limit]
        from rounds in Gen.Int[1, 60]
        from seconds in Gen.Int[1, 600]
        from action in Gen.Enum<StallAction>()
        from exhausted in Gen.OneOf(StallAction.Stop, StallAction.Fail)
        from window in Gen.Int[2, 6]
        from low in Gen.Int[0, 12]
        from initial in Gen.Int[1, 50]
        from step in Gen.Int[1, 60]
        from most in Gen.Int[50, 99]
        from factor in Gen.Double[1.01, 4]
        from ceiling in Gen.Int[2000, 20000]
        select new ConvergenceOptions
        {
            DowntimeLimit = TimeSpan.FromMilliseconds(limit),
            SwitchoverOverhead = TimeSpan.FromMilliseconds(overhead),
            MaxRounds = rounds,
            MaxTime = TimeSpan.FromSeconds(seconds),
            OnStall = action,
            WhenExhausted = exhausted,
            StallWindowRounds = window,
            LowPointRounds = low,
            ThrottleInitialPercent = initial,
            ThrottleStepPercent = step,
            ThrottleMaxPercent = most,
            StretchFactor = factor,
            StretchCeiling = TimeSpan.FromMilliseconds(ceiling),
        };

    [Fact]
    public void Any_samples_end_in_time_and_every_decision_keeps_the_options() =>
        Gen.Select(GenOptions, GenSample.Array[1, 40]).Sample((options, samples) =>
        {
            var policy = new ConvergencePolicy(options);
            var throttle = 0;
            var limit = options.DowntimeLimit;
            for (var i = 0; ; i++)
            {
                Assert.True(i < policy.MaxDecisions, $"no end after {i} rounds");
                var decision = policy.Next(samples[i % samples.Length]);
                Assert.True(decision.DowntimeLimit >= limit && decision.DowntimeLimit <= (options.OnStall == StallAction.Stretch ? options.StretchCeiling : options.DowntimeLimit));
                Assert.True(decision.PredictedDowntime >= TimeSpan.Zero);
                Assert.InRange(decision.ThrottlePercent, 0, options.OnStall == StallAction.Throttle ? options.ThrottleMaxPercent : 0);
                Assert.True(decision.Kind == DecisionKind.Fail ? decision.ThrottlePercent == 0 : decision.ThrottlePercent >= throttle);
                Assert.True(decision.Kind != DecisionKind.Throttle || decision.ThrottlePercent > throttle);
                Assert.True(decision.Kind != DecisionKind.Stretch || decision.DowntimeLimit > limit);
                Assert.True(!decision.Converged || decision.PredictedDowntime <= decision.DowntimeLimit);
                // Beyond the limit only who asked for it is stopped.
                Assert.True(
                    decision.Kind != DecisionKind.SwitchOver || decision.Converged
                    || options.OnStall == StallAction.Stop || (options.OnStall != StallAction.Fail && options.WhenExhausted == StallAction.Stop));
                if (decision.Kind is DecisionKind.SwitchOver or DecisionKind.Fail)
                {
                    return;
                }

                (throttle, limit) = (decision.ThrottlePercent, decision.DowntimeLimit);
            }
        });

    [Fact]
    public void Any_steady_guest_converges_or_is_stopped_or_given_up() =>
        Gen.Select(GenOptions, Gen.Double[1e6, 4e9], Gen.Double[0, 5e9], Gen.Bool, Gen.Double[0, 0.3]).Sample((options, workingSet, rate, isSequential, noise) =>
        {
            var run = new MigrationSimulation(options, DirtyModel.Steady(workingSet, rate, isSequential)) { Noise = noise }.Run();
            Assert.True(run.Last.Kind is DecisionKind.SwitchOver or DecisionKind.Fail);
        });

    [Fact]
    public void The_stall_detector_agrees_with_a_naive_one() =>
        Gen.Select(Gen.Int[2, 6], Gen.Double[0.01, 0.5], Gen.Long[0, 1000].Array[0, 40]).Sample((window, shrink, values) =>
        {
            var detector = new StallDetector(window, shrink);
            for (var i = 0; i < values.Length; i++)
            {
                var expected = i >= window && values[(i - window + 1)..(i + 1)].Min() >= values[..(i - window + 1)].Min() * (1 - shrink);
                Assert.Equal(expected, detector.Add(values[i]));
            }
        });
}

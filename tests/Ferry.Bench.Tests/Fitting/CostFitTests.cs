using Ferry.Bench.Fitting;
using Ferry.Bench.Profiles;
using Xunit;

namespace Ferry.Bench.Tests.Fitting;

/// <summary>Costs that are known, with noise of a known size, are found again within the error that is claimed.</summary>
public sealed class CostFitTests
{
    private const double Fixed = 20e-6, PerByte = 1e-12, PerPage = 40e-9;

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.05)]
    [InlineData(0.2)]
    public void The_parts_of_a_report_are_found_again(double noise)
    {
        var hits = 0;
        for (var seed = 0; seed < 40; seed++)
        {
            var costs = CostFit.Of([.. Reports(noise, new Random(seed))]);
            Cost(costs, CostNames.ReportSecondsFixed, Fixed);
            Cost(costs, CostNames.ReportSecondsPerMemoryByte, PerByte);
            Cost(costs, CostNames.ReportSecondsPerPage, PerPage);
        }

        // Intervals of 95 % hold the truth in at least 85 of 100, robust weights and all.
        Assert.True(hits >= 0.85 * 120, $"{hits} of 120 intervals hold the truth");

        void Cost(IReadOnlyList<FittedCost> costs, string name, double truth)
        {
            var cost = costs.Single(each => each.Name == name);
            Assert.Equal(20, cost.Count);
            hits += Math.Abs(cost.Value - truth) <= cost.Error + (truth * 1e-6) ? 1 : 0;
        }
    }

    [Fact]
    public void A_stop_that_takes_longer_for_more_memory_is_told_from_one_that_does_not()
    {
        CostSample Stop(ulong memory, double seconds) => new()
        {
            Experiment = ExperimentNames.Report,
            Dimensions = At with { MemoryBytes = memory, WorkingSetBytes = 0 },
            Measures = [new() { Metric = MetricNames.StopSeconds, Values = [seconds, seconds, seconds] }],
        };
        double Of(IReadOnlyList<FittedCost> costs, string name) => costs.Single(cost => cost.Name == name).Value;
        var table = CostFit.Of([Stop(1 << 28, 0.003), Stop(1 << 30, 0.012)]);
        Assert.Equal((0, 0.012, 0.012), (Math.Round(Of(table, CostNames.StopSecondsFixed), 6), Math.Round(Of(table, CostNames.StopSecondsPerMemoryByte) * (1 << 30), 6), Of(table, CostNames.StopSeconds)));
        var log = CostFit.Of([Stop(1 << 28, 0.001), Stop(1 << 30, 0.001)]);
        Assert.Equal((0.001, 0), (Math.Round(Of(log, CostNames.StopSecondsFixed), 6), Math.Round(Of(log, CostNames.StopSecondsPerMemoryByte) * (1 << 30), 6)));
        Assert.DoesNotContain(CostFit.Of([Stop(1 << 30, 0.001)]), cost => cost.Name == CostNames.StopSecondsFixed);
    }

    [Fact]
    public void One_disturbed_value_changes_little()
    {
        var samples = Reports(0.01, new Random(1)).ToList();
        var disturbed = samples.ToList();
        disturbed[1] = disturbed[1] with { Measures = [.. disturbed[1].Measures.Select(measure => measure.Metric == MetricNames.ReportSeconds ? measure with { Values = [1.0, .. measure.Values.Skip(1)] } : measure)] };
        var (before, after) = (CostFit.Of(samples), CostFit.Of(disturbed));
        foreach (var name in new[] { CostNames.ReportSecondsFixed, CostNames.ReportSecondsPerPage })
        {
            Assert.Equal(1, after.Single(cost => cost.Name == name).Value / before.Single(cost => cost.Name == name).Value, 1);
        }
    }

    [Fact]
    public void No_cost_is_below_zero()
    {
        // Nothing but noise, which a plain fit would make a negative slope of.
        var random = new Random(3);
        var rows = Enumerable.Range(0, 30).Select(i => new[] { 1, (double)i }).ToList();
        var fit = LeastSquares.Fit(rows, [.. rows.Select(row => 10 - (row[1] / 10) + random.NextDouble())]);
        Assert.NotNull(fit);
        Assert.All(fit.Value.Costs, cost => Assert.True(cost >= 0));
        Assert.All(fit.Value.Errors, error => Assert.True(error > 0));
    }

    [Fact]
    public void What_samples_can_not_tell_apart_is_not_fitted()
    {
        Assert.Null(LeastSquares.Fit([.. Enumerable.Range(0, 10).Select(i => new double[] { i, 2 * i })], [.. Enumerable.Range(0, 10).Select(i => (double)i)]));
        Assert.Null(LeastSquares.Fit([[1, 2], [1, 3]], [1, 2]));
    }

    [Fact]
    public void A_slowdown_below_the_noise_is_marked_and_one_above_it_is_not()
    {
        var random = new Random(5);
        double Noisy(double value) => value * (1 + (0.05 * (random.NextDouble() - 0.5)));
        var hidden = Progress([.. Enumerable.Range(0, 5).Select(_ => Noisy(0.999))], [.. Enumerable.Range(0, 5).Select(_ => Noisy(1))]);
        var shown = Progress([.. Enumerable.Range(0, 5).Select(_ => Noisy(0.8))], [.. Enumerable.Range(0, 5).Select(_ => Noisy(1))]);
        Assert.True(CostFit.Of([hidden]).Single(cost => cost.Name == CostNames.DeviceProgressRatio).IsHiddenByNoise);
        var cost = CostFit.Of([shown]).Single(each => each.Name == CostNames.DeviceProgressRatio);
        Assert.False(cost.IsHiddenByNoise);
        Assert.InRange(cost.Value, 0.75, 0.85);
    }

    [Fact]
    public void Pairs_cancel_what_strikes_both()
    {
        // The host is half as fast in every second pair; the tracker takes a tenth in each.
        var cost = CostFit.Of([Progress([0.9, 0.45, 0.9, 0.45], [1, 0.5, 1, 0.5])]).Single(each => each.Name == CostNames.DeviceProgressRatio);
        Assert.Equal(0.9, cost.Value, 9);
        Assert.False(cost.IsHiddenByNoise);
    }

    [Fact]
    public void The_centre_is_where_most_trackers_were_measured()
    {
        var centre = Progress([0.9, 0.9, 0.9], [1, 1, 1]);
        var line = centre with { Dimensions = centre.Dimensions with { WorkingSetBytes = 4096, }, Measures = [new() { Metric = MetricNames.DeviceBytesPerSecond, Values = [0.1, 0.1, 0.1], Untracked = [1, 1, 1] }] };
        var other = centre with { Dimensions = centre.Dimensions with { Provider = "iotable" } };
        Assert.Equal(0.9, CostFit.Of([line, centre, other]).Single(cost => cost is { Name: CostNames.DeviceProgressRatio, Provider: "device" }).Value, 9);
    }

    [Fact]
    public void The_time_of_a_write_is_told_by_messages_of_two_sizes()
    {
        CostSample Busy(ulong message) => new()
        {
            Experiment = ExperimentNames.Slowdown,
            Dimensions = At with { Provider = "mediated", MessageBytes = message },
            Measures = [new() { Metric = MetricNames.DeviceBytesPerSecond, Values = [.. Enumerable.Repeat(message / (250e-6 + (message * 1e-10)), 3)], Untracked = [1e9, 1e9, 1e9] }],
        };
        var costs = CostFit.Of([Busy(4096), Busy(65536)]);
        Assert.Equal(250e-6, costs.Single(cost => cost.Name == CostNames.DeviceWriteSeconds).Value, 1e-9);
        Assert.Equal(1e-10, costs.Single(cost => cost.Name == CostNames.DeviceWriteSecondsPerByte).Value, 1e-13);
        Assert.DoesNotContain(CostFit.Of([Busy(4096)]), cost => cost.Name == CostNames.DeviceWriteSeconds);
    }

    [Fact]
    public void Migrations_over_shaped_links_are_held_back()
    {
        CostSample Migration(string? link, double seconds) => new()
        {
            Experiment = ExperimentNames.Migration,
            Dimensions = At with { Link = link, WorkingSetBytes = 0 },
            Measures =
            [
                new() { Metric = MetricNames.TotalSeconds, Values = [seconds, seconds, seconds] }, new() { Metric = MetricNames.SentBytes, Values = [1e6, 1e6, 1e6] },
                new() { Metric = MetricNames.FirstCopyBytesPerSecond, Values = [1e9, 1e9, 1e9] }, new() { Metric = MetricNames.SwitchoverSeconds, Values = [seconds, seconds, seconds] },
            ],
        };
        var costs = CostFit.Of([Migration(null, 0.1), Migration("1Gbps", 10)]);
        Assert.Equal(0.1, costs.Single(cost => cost.Name == CostNames.SwitchoverSecondsFixed).Value, 9);
        Assert.Equal(0.1 - 0.001, costs.Single(cost => cost.Name == CostNames.MigrationSecondsFixed).Value, 9);
        Assert.Equal(1e9, costs.Single(cost => cost.Name == CostNames.CopyBytesPerSecond).Value);
    }

    [Fact]
    public void A_migration_under_a_limit_tells_of_its_rounds_and_not_of_how_fast_a_host_copies()
    {
        CostSample Migration(ulong? limit, double rate, double cpu) => new()
        {
            Experiment = ExperimentNames.Migration,
            Dimensions = At with { LimitBytesPerSecond = limit },
            Measures =
            [
                new() { Metric = MetricNames.FirstCopyBytesPerSecond, Values = [rate, rate, rate] }, new() { Metric = MetricNames.CopyBytesPerSecond, Values = [rate, rate, rate] },
                new() { Metric = MetricNames.SentBytes, Values = [1e6, 2e6, 3e6] }, new() { Metric = MetricNames.CpuSeconds, Values = [cpu, 2 * cpu, 3 * cpu] },
                .. limit is null ? Array.Empty<SampleMeasure>() : [new() { Metric = MetricNames.RoundExtraSeconds, Values = [0.001, 0.001, 0.001] }],
            ],
        };
        var costs = CostFit.Of([Migration(null, 1e9, 1e-3), Migration(64 << 20, 64e6, 1), Migration(32 << 20, 32e6, 1)]);
        Assert.Equal((1e9, 1e9, 0.001), (Value(CostNames.CopyBytesPerSecond), Value(CostNames.FirstCopyBytesPerSecond), Value(CostNames.RoundSeconds)));
        Assert.Equal(1e-9, Value(CostNames.CpuSecondsPerByte), 1e-12);

        double Value(string name) => costs.Single(cost => cost.Name == name).Value;
    }

    [Fact]
    public void What_hashing_takes_at_all_is_told_from_what_bytes_add()
    {
        CostSample Hashed(ulong data)
        {
            var at = At with { WorkingSetBytes = 0, DataBytes = data, Verify = true };
            var bytes = new Ferry.Bench.Measuring.MigrationCase(at, "").Workload.DataBytes;
            var rate = bytes / (0.006 + (bytes / 10e9));
            return new CostSample { Experiment = ExperimentNames.Migration, Dimensions = at, Measures = [new() { Metric = MetricNames.VerifyBytesPerSecond, Values = [rate, rate, rate] }] };
        }

        double Of(IReadOnlyList<FittedCost> costs, string name) => costs.Single(cost => cost.Name == name).Value;
        var costs = CostFit.Of([Hashed(16 << 20), Hashed(512 << 20)]);
        Assert.Equal((0.006, 10), (Math.Round(Of(costs, CostNames.VerifySecondsFixed), 6), Math.Round(Of(costs, CostNames.VerifyBytesPerSecond) / 1e9, 6)));
        var one = CostFit.Of([Hashed(512 << 20)]);
        Assert.DoesNotContain(one, cost => cost.Name == CostNames.VerifySecondsFixed);
        Assert.InRange(Of(one, CostNames.VerifyBytesPerSecond), 8e9, 10e9);
    }

    [Fact]
    public void One_value_tells_nothing_of_its_error() => Assert.Equal(0.25, Spread.Error([0.25]));

    private static SampleDimensions At { get; } = new() { Provider = "device", PageSizeBytes = 4096, MemoryBytes = 1 << 30, WorkingSetBytes = 64 << 20, MessageBytes = 4096 };

    private static CostSample Progress(double[] tracked, double[] untracked) => new()
    {
        Experiment = ExperimentNames.Slowdown,
        Dimensions = At,
        Measures = [new() { Metric = MetricNames.DeviceBytesPerSecond, Values = tracked, Untracked = untracked }],
    };

    private static IEnumerable<CostSample> Reports(double noise, Random random)
    {
        foreach (var (memory, pages) in new[] { (1UL << 30, 0UL), (1UL << 28, 0UL), (1UL << 30, 256UL), (1UL << 30, 16384UL) })
        {
            double[] seconds = [.. Enumerable.Range(0, 5).Select(_ => (Fixed + (memory * PerByte) + (pages * PerPage)) * (1 + (noise * Normal(random))))];
            yield return new CostSample
            {
                Experiment = ExperimentNames.Report,
                Dimensions = At with { MemoryBytes = memory, WorkingSetBytes = pages * 4096 },
                Measures =
                [
                    new() { Metric = MetricNames.ReportSeconds, Values = [.. seconds.Select(value => Math.Max(0, value))] },
                    new() { Metric = MetricNames.PagesReported, Values = [.. Enumerable.Repeat((double)pages, 5)] },
                    new() { Metric = MetricNames.PagesWritten, Values = [.. Enumerable.Repeat((double)pages, 5)] },
                ],
            };
        }
    }

    // The sum of twelve: near enough.
    private static double Normal(Random random) => Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6;
}

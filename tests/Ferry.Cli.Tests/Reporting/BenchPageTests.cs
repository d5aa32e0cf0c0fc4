using Ferry.Bench.Profiles;
using Ferry.Cli.Commands;
using Ferry.Cli.Reporting;
using Ferry.Report.Charts;
using Xunit;

namespace Ferry.Cli.Tests.Reporting;

public sealed class BenchPageTests : IDisposable
{
    private const ulong Fine = 4096;
    private const ulong Coarse = 2 << 20;

    private readonly TemporaryFolder _folder = new();

    private static CostProfile Profile { get; } = new()
    {
        FerryVersion = "0.1.0",
        CreatedAt = DateTimeOffset.UnixEpoch,
        IsComplete = true,
        Host = new() { Fingerprint = new string('0', 64), Kernel = "6.12.0", CpuModel = "<b>cpu</b>", Cores = 2, MemoryBytes = 16UL << 30, Accelerator = "kvm" },
        Samples =
        [
            Slowdown("device", Fine, [300, 100, 200], [400]), Slowdown("device", Coarse, [380], [400]), Slowdown("mediated", Fine, [50], [400]),
            Report("device", Fine, 1 << 20, 0.001, 256), Report("device", Fine, 64 << 20, 0.02, 256), Report("device", Coarse, 1 << 20, 0.0005, 512),
            Report("device", 65536, 1 << 20, 0.0007, 300),
        ],
        Costs = [new() { Name = CostNames.StartSeconds, Provider = "device", PageSizeBytes = Fine, Value = 0.125, Error = 0.5, Count = 3, IsHiddenByNoise = true }],
    };

    private static BenchPredictions Nothing { get; } = new("", [], []);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Throughput_is_drawn_for_each_tracker_and_untracked_by_page_size()
    {
        var chart = ChartOf("device-throughput", Nothing);
        Assert.Equal(
            ["device: 4096=200 2097152=380", "mediated: 4096=50", "untracked: 4096=400 2097152=400"],
            chart.Series.Select(series => FormattableString.Invariant($"{series.Name}: {string.Join(' ', series.Points.Select(point => FormattableString.Invariant($"{point.X}={point.Y}")))}")));
        Assert.Equal([(4096.0, "4K"), (2097152.0, "2M")], chart.XTicks);
    }

    [Fact]
    public void Report_cost_is_drawn_over_the_working_set_at_the_finest_and_the_coarsest_page()
    {
        var chart = ChartOf("report-cost", Nothing);
        Assert.Equal(["device at 4K", "device at 2M"], chart.Series.Select(series => series.Name));
        Assert.Equal([(1 << 20, 1.0), (64 << 20, 20.0)], chart.Series[0].Points);
    }

    [Fact]
    public void Amplification_is_reported_over_written() =>
        Assert.Equal([(Fine, 1.0), (65536, 300.0 / 256), (Coarse, 2.0)], ChartOf("amplification", Nothing).Series.Single().Points);

    [Fact]
    public void What_was_not_measured_or_predicted_has_no_chart()
    {
        var names = BenchPage.Of(Profile, Nothing).Sections.Select(section => section.Chart?.Name).OfType<string>();
        Assert.Equal(["device-throughput", "report-cost", "amplification"], names);
    }

    [Fact]
    public void Predictions_are_drawn_by_link_and_against_what_was_measured()
    {
        var predictions = new BenchPredictions(
            "a machine", [new("1 Gb/s", [(Coarse, 9, 0.5), (Fine, 5, 0.2)]), new("unlimited", [(Fine, 2, 0.1), (Coarse, 1, 0.05)])], [new("1Gbps", "a", 1.1, 1, 0.02, 0.025), new("1Gbps", "b", 2, 2.5, 0, 0.1)]);
        Assert.Equal([(Fine, 5.0), (Coarse, 9.0)], ChartOf("total-time", predictions).Series[0].Points);
        Assert.Equal([(Fine, 100.0), (Coarse, 50.0)], ChartOf("downtime-links", predictions).Series[1].Points);
        var pairs = ChartOf("predicted-downtime", predictions);
        Assert.True(pairs.HasDiagonal);
        Assert.Equal([(25.0, 20.0)], pairs.Series.Single().Points);
        Assert.Contains("<svg", BenchPage.Of(Profile, predictions).ToHtml(), StringComparison.Ordinal);
    }

    /// <summary>The profile: a fine log that takes long to read, and a coarse one that does not.</summary>
    [Fact]
    public void The_best_page_size_depends_on_the_link()
    {
        var predictions = ModelPredictions.Of(Profile with { Costs = CostsOf("kvm-log", Fine, 1e-13).Concat(CostsOf("device", Fine, 1e-10)).Concat(CostsOf("device", Coarse, 1e-13)).Concat(Engine).ToList() });
        Assert.Contains("tracked by device", predictions.Text, StringComparison.Ordinal);
        Assert.Equal(["1 Gb/s", "10 Gb/s", "100 Gb/s", "without a limit"], predictions.Links.Select(link => link.Link));
        var best = predictions.Links.Select(link => link.Points.MinBy(point => point.TotalSeconds).PageSizeBytes).ToList();
        Assert.Equal((Fine, Coarse), (best[0], best[^1]));
    }

    [Fact]
    public void Without_the_costs_that_it_needs_the_page_says_which_and_how_to_measure_them()
    {
        var predictions = ModelPredictions.Of(Profile);
        Assert.Empty(predictions.Links);
        Assert.Contains(CostNames.CopyBytesPerSecond, predictions.Text, StringComparison.Ordinal);
        Assert.Contains("ferry bench --only migration", BenchPage.Of(Profile, predictions).ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_file_becomes_a_page_and_one_that_is_none_is_refused()
    {
        var (file, page) = (_folder.FileOf("profile.json"), _folder.FileOf("bench.html"));
        await File.WriteAllBytesAsync(file, ProfileFile.Format(Profile), TestContext.Current.CancellationToken);
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(ExitCodes.Done, await FerryCommand.RunAsync(["report", file, "--out", page], output, error, CancellationToken.None));
        var html = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        Assert.Contains("&lt;b&gt;cpu", html, StringComparison.Ordinal);
        Assert.Contains("hidden by noise", html, StringComparison.Ordinal);
        Assert.True(File.Exists(_folder.FileOf("bench-data/amplification.csv")));

        await File.WriteAllTextAsync(file, "{}", TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.Failed, await FerryCommand.RunAsync(["report", file, "--out", page], output, error, CancellationToken.None));
        Assert.Contains(file, error.ToString(), StringComparison.Ordinal);
    }

    private static LineChart ChartOf(string name, BenchPredictions predictions) =>
        Assert.IsType<LineChart>(BenchPage.Of(Profile, predictions).Sections.Select(section => section.Chart).Single(chart => chart?.Name == name));

    private static IEnumerable<FittedCost> Engine =>
    [
        new() { Name = CostNames.CopyBytesPerSecond, Value = 12e9, Error = 0, Count = 3 }, new() { Name = CostNames.MigrationSecondsFixed, Value = 0.02, Error = 0, Count = 3 },
        new() { Name = CostNames.SwitchoverSecondsFixed, Value = 0.01, Error = 0, Count = 3 },
    ];

    private static IEnumerable<FittedCost> CostsOf(string provider, ulong pageSize, double reportSecondsPerMemoryByte) =>
        new (string Name, double Value)[]
        {
            (CostNames.StartSeconds, 0.001), (CostNames.StopSeconds, 0.001), (CostNames.ReportSecondsFixed, 0.0001), (CostNames.ReportSecondsPerMemoryByte, reportSecondsPerMemoryByte),
            (CostNames.ReportSecondsPerPage, 1e-6), (CostNames.DeviceProgressRatio, 1), (CostNames.GuestProgressRatio, 1),
        }.Select(cost => new FittedCost { Name = cost.Name, Provider = provider, PageSizeBytes = pageSize, Value = cost.Value, Error = 0, Count = 3 });

    private static CostSample Slowdown(string provider, ulong pageSize, double[] values, double[] untracked) => new()
    {
        Experiment = ExperimentNames.Slowdown,
        Dimensions = new() { Provider = provider, PageSizeBytes = pageSize, MemoryBytes = 1 << 30, WorkingSetBytes = 1 << 20, MessageBytes = 4096 },
        Measures =
        [
            new()
            {
                Metric = MetricNames.DeviceBytesPerSecond,
                Values = [.. values.Select(value => value * (1 << 20))],
                Untracked = [.. values.Select((_, i) => untracked[i % untracked.Length] * (1 << 20))],
            },
        ],
    };

    private static CostSample Report(string provider, ulong pageSize, ulong workingSet, double seconds, double reported) => new()
    {
        Experiment = ExperimentNames.Report,
        Dimensions = new() { Provider = provider, PageSizeBytes = pageSize, MemoryBytes = 1 << 30, WorkingSetBytes = workingSet },
        Measures =
        [
            new() { Metric = MetricNames.ReportSeconds, Values = [seconds] }, new() { Metric = MetricNames.PagesReported, Values = [reported] },
            new() { Metric = MetricNames.PagesWritten, Values = [256] },
        ],
    };
}

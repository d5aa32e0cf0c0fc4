using Ferry.Bench.Design;
using Ferry.Bench.Fitting;
using Ferry.Bench.Measuring;
using Ferry.Bench.Profiles;
using Xunit;

namespace Ferry.Bench.Tests.Measuring;

/// <summary>Real devices and a real machine, measured at sizes so small that figures mean nothing; what is told of pages is exact all the same.</summary>
public sealed class BenchRunnerTests
{
    private static readonly BenchScale Tiny = new() { MemoryBytes = BenchScale.LeastMemoryBytes, Pairs = 3, Reports = 3, Window = TimeSpan.FromMilliseconds(10) };

    private readonly ThreadParts _parts = new();
    private readonly List<CostSample> _samples = [];
    private readonly List<string> _notes = [];

    [Fact]
    public void Coarse_pages_report_their_neighbours_and_fine_ones_do_not()
    {
        Run(point => point.Experiment == ExperimentNames.Report && !point.IsOfGuest);
        Assert.Empty(_notes);
        var sparse = _samples.Where(sample => sample.Dimensions is { Provider: "device" or "mediated", Pattern: AccessPattern.Uniform, RangeCount: 1, SyncInP2P: false, MessageBytes: 4096 }
            && sample.Dimensions.WorkingSetBytes == Tiny.SparseBytes).ToList();
        Assert.NotEmpty(sparse);
        Assert.All(sparse, sample =>
        {
            var written = CostFit.Values(sample, MetricNames.PagesWritten);
            Assert.Equal([16.0, 16, 16], written);
            Assert.Equal(written.Select(pages => pages * sample.Dimensions.PageSizeBytes / 4096), CostFit.Values(sample, MetricNames.PagesReported));
        });
        var costs = CostFit.Of(_samples);
        Assert.Equal(512, costs.Single(cost => cost is { Name: CostNames.Amplification, Provider: "device", PageSizeBytes: 2 << 20 }).Value);
        Assert.Contains(costs, cost => cost is { Name: CostNames.P2PSeconds, Count: >= 3 });
    }

    [Fact]
    public void Progress_is_measured_in_pairs_for_device_and_mediation()
    {
        Run(point => point is { Experiment: ExperimentNames.Slowdown, IsOfGuest: false, Dimensions.PageSizeBytes: <= 4096 });
        Assert.Contains(_samples, sample => sample.Dimensions.Provider == "mediated");
        Assert.Contains(_samples, sample => sample.Dimensions.Provider == "off");
        Assert.All(_samples, sample => Assert.All(
            sample.Measures.Where(measure => measure.Metric is MetricNames.DeviceBytesPerSecond or MetricNames.DeviceWriteSeconds),
            measure => Assert.Equal((3, 3), (measure.Values.Count, measure.Untracked!.Count))));
        Assert.All(_parts.Devices, device => Assert.True(device.IsDisposed));
    }

    [Fact]
    public void A_guest_on_threads_is_measured_and_every_page_that_it_wrote_is_reported()
    {
        Run(point => point is { IsOfGuest: true, Dimensions.Provider: "process" or "off" });
        Assert.SkipWhen(_notes.Count > 0, string.Join("; ", _notes));
        var report = _samples.First(sample => sample.Experiment == ExperimentNames.Report && sample.Dimensions.WorkingSetBytes > 0);
        Assert.All(CostFit.Values(report, MetricNames.PagesWritten), pages => Assert.True(pages > 0));
        Assert.Contains(_samples, sample => sample.Experiment == ExperimentNames.Watching);
        Assert.Contains(CostFit.Of(_samples), cost => cost is { Name: CostNames.GuestProgressRatio, Provider: "process" });
    }

    [Fact]
    public void A_device_that_dies_ends_the_bench_and_is_named_and_what_was_measured_stays()
    {
        var points = Points(point => point is { Experiment: ExperimentNames.Report, IsOfGuest: false, Dimensions.Provider: "device" });
        var failure = Assert.Throws<BenchException>(() => Runner().Run(
            points,
            sample =>
            {
                _samples.Add(sample);
                _parts.Devices[^1].Die();
            },
            _notes.Add,
            TestContext.Current.CancellationToken));
        Assert.Single(_samples);
        Assert.Contains("It was told to end.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_migration_that_fails_is_noted_and_one_that_was_not_verified_ends_the_bench()
    {
        _parts.MigrationFailure = new IOException("no port is free");
        Run(point => point.Experiment == ExperimentNames.Migration && point.Dimensions.Link is null);
        Assert.Equal(6, _notes.Count);
        Assert.All(_notes, note => Assert.Contains("no port is free", note, StringComparison.Ordinal));
        _parts.MigrationFailure = new InvalidDataException("a page differs");
        Assert.Throws<BenchException>(() => Run(point => point.Experiment == ExperimentNames.Migration));
    }

    [Fact]
    public void Cancelling_ends_it_between_repeats_and_leaves_no_device()
    {
        using var cancellation = new CancellationTokenSource();
        var points = Points(point => point is { Experiment: ExperimentNames.Slowdown, IsOfGuest: false, Dimensions.Provider: "device" });
        Assert.ThrowsAny<OperationCanceledException>(() => Runner().Run(
            points,
            sample =>
            {
                _samples.Add(sample);
                cancellation.Cancel();
            },
            _notes.Add,
            cancellation.Token));
        Assert.Single(_samples);
        Assert.All(_parts.Devices, device => Assert.True(device.IsDisposed));
    }

    [Fact]
    public void What_there_is_to_measure_is_found()
    {
        var scope = BenchProbe.Find(_parts, Some.Host with { Accelerator = "thread" }, isOwnDevice: true, _notes.Add);
        Assert.True(scope.IsDriven);
        Assert.Contains(2UL << 20, scope.DeviceProviders["device"]);
        Assert.Contains("mediated", scope.DeviceProviders.Keys);
        Assert.Contains(_notes, note => note.StartsWith("kvm-log", StringComparison.Ordinal));
        // It is served without its page table.
        Assert.Contains(_notes, note => note.StartsWith("iotable:", StringComparison.Ordinal));
        Assert.All(_parts.Devices, device => Assert.True(device.IsDisposed));
    }

    [Fact]
    public void The_time_left_ends_at_nothing()
    {
        var progress = new List<BenchProgress>();
        var points = Points(point => point is { Experiment: ExperimentNames.Report, IsOfGuest: false, Dimensions.Provider: "all" });
        new BenchRunner(_parts, Scope, Tiny) { OnProgress = progress.Add }.Run(points, _samples.Add, _notes.Add, TestContext.Current.CancellationToken);
        Assert.Equal(points.Count, progress[^1].Count);
        Assert.Equal(points.Count - 1, progress[^1].Done);
        Assert.True(progress[^1].Left < progress[0].Left);
    }

    private static BenchScope Scope => Design.BenchDesignTests.Scope("thread") with
    {
        DeviceProviders = new Dictionary<string, IReadOnlyList<ulong>> { ["device"] = [4096, 65536, 2 << 20], ["mediated"] = [4096, 65536], ["all"] = [4096] },
    };

    private static IReadOnlyList<BenchPoint> Points(Func<BenchPoint, bool> which) => BenchDesign.InOrder(BenchDesign.Of(Scope, Tiny).Where(which), 1);

    private BenchRunner Runner() => new(_parts, Scope, Tiny);

    private void Run(Func<BenchPoint, bool> which) => Runner().Run(Points(which), _samples.Add, _notes.Add, TestContext.Current.CancellationToken);
}

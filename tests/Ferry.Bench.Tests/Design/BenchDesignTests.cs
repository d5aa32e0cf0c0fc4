using Ferry.Bench.Design;
using Ferry.Bench.Profiles;
using Xunit;

namespace Ferry.Bench.Tests.Design;

/// <summary>The design has what the model needs, for whatever there is, and no point twice.</summary>
public sealed class BenchDesignTests
{
    private static readonly BenchScale Scale = BenchScale.Usual(24UL << 30);

    [Theory]
    [InlineData("kvm")]
    [InlineData("thread")]
    public void Every_tracker_and_page_size_has_what_a_report_cost_is_told_from(string accelerator)
    {
        var scope = Scope(accelerator);
        var reports = BenchDesign.Of(scope, Scale).Where(point => point.Experiment == ExperimentNames.Report).ToList();
        foreach (var (provider, size) in scope.DeviceProviders.SelectMany(each => each.Value.Select(size => (each.Key, size))).Concat(scope.GuestProviders.Select(each => (each, 4096UL))))
        {
            var own = reports.Where(point => point.Dimensions.Provider == provider && point.Dimensions.PageSizeBytes == size && point.Dimensions.RangeCount == 1).Select(point => point.Dimensions).ToList();
            Assert.True(own.Count(at => at.WorkingSetBytes == 0) >= 2, $"{provider} {size}: memory");
            Assert.True(own.Where(at => at.WorkingSetBytes == 0).DistinctBy(at => at.MemoryBytes).Count() >= 2, $"{provider} {size}: two sizes of memory");
            Assert.True(own.Where(at => at.WorkingSetBytes > 0).DistinctBy(at => at.WorkingSetBytes).Count() >= 2, $"{provider} {size}: two working sets");
        }
    }

    [Fact]
    public void Every_tracker_has_a_point_of_progress_at_the_same_centre()
    {
        var scope = Scope("kvm");
        var points = BenchDesign.Of(scope, Scale).Where(point => point.Experiment == ExperimentNames.Slowdown).Select(point => point.Dimensions).ToList();
        foreach (var (provider, size) in scope.DeviceProviders.SelectMany(each => each.Value.Select(size => (each.Key, size))))
        {
            Assert.Contains(points, at => at == new SampleDimensions
            {
                Provider = provider,
                PageSizeBytes = size,
                MemoryBytes = Scale.MemoryBytes,
                WorkingSetBytes = Scale.WorkingSetBytes,
                MessageBytes = 4096,
            });
        }

        Assert.All(scope.GuestProviders, provider => Assert.Contains(points, at => at.Provider == provider && at.WorkingSetBytes == Scale.WorkingSetBytes));
    }

    [Fact]
    public void Each_dimension_has_more_than_one_level()
    {
        var points = BenchDesign.Of(Scope("kvm"), Scale).Select(point => point.Dimensions).ToList();
        Assert.Equal(3, points.Select(at => at.Pattern).Distinct().Count());
        Assert.True(points.Select(at => at.WorkingSetBytes).Distinct().Count() >= 4);
        Assert.True(points.Select(at => at.DirtyBytesPerSecond).Distinct().Count() >= 2);
        Assert.True(points.Select(at => at.MessageBytes).Distinct().Count() >= 3);
        Assert.True(points.Select(at => at.MemoryBytes).Distinct().Count() >= 2);
        Assert.True(points.Select(at => at.RangeCount).Distinct().Count() >= 3);
        Assert.Equal(2, points.Select(at => at.SyncInP2P).Distinct().Count());
        Assert.Contains(points, at => at.Provider == "off");
        Assert.Equal(["10Gbps", "1Gbps", null, "unlimited"], points.Select(at => at.Link).Distinct().OrderBy(link => link is null ? "2" : link, StringComparer.Ordinal));
    }

    [Fact]
    public void No_point_is_there_twice_and_the_usual_run_takes_about_three_minutes()
    {
        var points = BenchDesign.Of(Scope("kvm"), Scale);
        Assert.Equal(points.Count, points.DistinctBy(point => (point.Experiment, point.Dimensions)).Count());
        Assert.InRange(points.Sum(point => point.Seconds), 100, 200);
        Assert.InRange(BenchDesign.Of(Scope("kvm"), BenchScale.Thorough(24UL << 30)).Sum(point => point.Seconds), 600, 3600);
    }

    [Fact]
    public void The_order_is_the_seeds_and_no_set_up_is_made_twice()
    {
        var points = BenchDesign.Of(Scope("kvm"), Scale);
        var order = BenchDesign.InOrder(points, 7);
        Assert.Equal(order, BenchDesign.InOrder(points, 7));
        Assert.NotEqual(order, BenchDesign.InOrder(points, 8));
        Assert.Equal(points.ToHashSet(), order.ToHashSet());
        var blocks = order.Select(point => point.Block).ToList();
        Assert.Equal(blocks.Distinct().Count(), 1 + blocks.Zip(blocks.Skip(1)).Count(pair => pair.First != pair.Second));
    }

    [Fact]
    public void A_device_that_nothing_drives_has_only_what_needs_no_writes()
    {
        var points = BenchDesign.Of(Scope("kvm") with { IsDriven = false, MessageSizes = [], HasRates = false }, Scale).Where(point => !point.IsOfGuest && point.Experiment != ExperimentNames.Migration).ToList();
        Assert.NotEmpty(points);
        Assert.All(points, point => Assert.Equal((ExperimentNames.Report, 0UL), (point.Experiment, point.Dimensions.WorkingSetBytes)));
    }

    [Fact]
    public void One_migration_has_a_limit_under_which_its_rounds_shrink_and_is_measured_more_than_once()
    {
        var point = Assert.Single(BenchDesign.Of(Scope("kvm"), Scale), point => point.Dimensions.LimitBytesPerSecond is not null);
        Assert.Equal((ExperimentNames.Migration, null, Scale.Migrations), (point.Experiment, point.Dimensions.Link, point.Repeats));
        var written = point.Dimensions.GuestDirtyBytesPerSecond + point.Dimensions.DirtyBytesPerSecond!.Value;
        Assert.InRange((double)written / point.Dimensions.LimitBytesPerSecond!.Value, 0.2, 0.5);
    }

    [Fact]
    public void Without_a_tracker_of_vcpus_there_are_no_migrations() =>
        Assert.DoesNotContain(BenchDesign.Of(Scope("kvm") with { GuestProviders = [] }, Scale), point => point.Experiment == ExperimentNames.Migration);

    [Theory]
    [InlineData(400UL << 20, 64UL << 20)]
    [InlineData(2UL << 30, 256UL << 20)]
    [InlineData(24UL << 30, 1UL << 30)]
    [InlineData(1UL << 40, 1UL << 30)]
    public void Memory_is_what_fits(ulong available, ulong memory) => Assert.Equal(memory, BenchScale.Usual(available).MemoryBytes);

    [Fact]
    public void A_point_is_measured_by_its_sample_with_all_its_repeats()
    {
        var point = BenchDesign.Of(Scope("kvm"), Scale)[0];
        CostSample Sample(int count) => new() { Experiment = point.Experiment, Dimensions = point.Dimensions, Measures = [new() { Metric = MetricNames.ReportSeconds, Values = [.. Enumerable.Repeat(1.0, count)] }] };
        Assert.True(point.IsMeasuredBy(Sample(point.Repeats)));
        Assert.False(point.IsMeasuredBy(Sample(point.Repeats - 1)));
        Assert.False(point.IsMeasuredBy(Sample(point.Repeats) with { Dimensions = point.Dimensions with { RangeCount = 2 } }));
    }

    internal static BenchScope Scope(string accelerator) => new()
    {
        Accelerator = accelerator,
        GuestProviders = accelerator == "kvm" ? ["kvm-log", "kvm-ring", "process"] : ["process"],
        DeviceProviders = new Dictionary<string, IReadOnlyList<ulong>>
        {
            ["device"] = [4096, 16384, 65536, 262144, 2 << 20],
            ["mediated"] = [4096, 65536, 2 << 20],
            ["iotable"] = [4096],
            ["iotable-faults"] = [4096],
            ["all"] = [4096],
        },
        MessageSizes = [256, 4096, 65536],
        Links = ["1Gbps", "10Gbps", "unlimited"],
    };
}

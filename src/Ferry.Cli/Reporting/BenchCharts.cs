using Ferry.Bench.Profiles;
using Ferry.Cli.Values;
using Ferry.Report;
using Ferry.Report.Charts;

namespace Ferry.Cli.Reporting;

/// <summary>The charts of what a profile's samples hold.</summary>
internal static class BenchCharts
{
    private const double MebiByte = 1 << 20;

    /// <summary>The charts that have something to show.</summary>
    public static IEnumerable<ReportSection> Of(CostProfile profile)
    {
        LineChart[] charts =
        [
            OverPageSize(profile, ExperimentNames.Slowdown, "device-throughput", "Device throughput", "What the device writes while it is tracked, beside what it writes untracked.", "MiB/s",
                sample => Median(sample, MetricNames.DeviceBytesPerSecond) / MebiByte, sample => Untracked(sample, MetricNames.DeviceBytesPerSecond) / MebiByte),
            OverPageSize(profile, ExperimentNames.Slowdown, "guest-progress", "Guest progress", "Pages that the guest writes while it is tracked, beside what it writes untracked.", "pages a second",
                sample => Median(sample, MetricNames.GuestPagesPerSecond), sample => Untracked(sample, MetricNames.GuestPagesPerSecond)),
            ReportCost(profile),
            OverPageSize(profile, ExperimentNames.Report, "amplification", "Pages reported for each page written", "Coarse pages report neighbours that nobody wrote.", "pages of 4 KiB",
                sample => Median(sample, MetricNames.PagesReported) / Median(sample, MetricNames.PagesWritten), untracked: null),
        ];
        return charts.Where(chart => chart.Series.Any(series => series.Points.Count > 0)).Select(chart => new ReportSection(chart.Title, null, chart));
    }

    private static LineChart OverPageSize(
        CostProfile profile, string experiment, string name, string title, string description, string label, Func<CostSample, double?> value,
        Func<CostSample, double?>? untracked)
    {
        var samples = profile.Samples.Where(sample => sample.Experiment == experiment && sample.Dimensions.PageSizeBytes > 0).ToList();
        List<LineSeries> series = [.. samples.GroupBy(NameOf).Select(group => new LineSeries(group.Key, Points(group, sample => sample.Dimensions.PageSizeBytes, value)))];
        if (untracked is not null)
        {
            series.Add(new LineSeries("untracked", Points(samples, sample => sample.Dimensions.PageSizeBytes, untracked)));
        }

        var sizes = series.SelectMany(each => each.Points).Select(point => point.X).Distinct().Order().ToList();
        return new LineChart
        {
            Name = name,
            Title = $"{title} against page size",
            Description = description,
            XLabel = "tracking page size",
            YLabel = label,
            IsLogX = true,
            XTicks = [.. sizes.Select(size => (size, SizeText.Exact((ulong)size)))],
            Series = [.. series.Where(each => each.Points.Count > 0)],
        };
    }

    // A curve a tracker and page size would be many: the finest and the coarsest of each tell between what the others lie.
    private static LineChart ReportCost(CostProfile profile)
    {
        var samples = profile.Samples.Where(sample => sample.Experiment == ExperimentNames.Report && sample.Dimensions is { PageSizeBytes: > 0, WorkingSetBytes: > 0 }).ToList();
        var series = new List<LineSeries>();
        foreach (var provider in samples.GroupBy(sample => sample.Dimensions.Provider))
        {
            var sizes = provider.Select(sample => sample.Dimensions.PageSizeBytes).ToList();
            foreach (var size in (ulong[])[.. new[] { sizes.Min(), sizes.Max() }.Distinct()])
            {
                series.Add(new LineSeries($"{provider.Key} at {SizeText.Exact(size)}", Points(
                    provider.Where(sample => sample.Dimensions.PageSizeBytes == size), sample => sample.Dimensions.WorkingSetBytes, sample => Median(sample, MetricNames.ReportSeconds) is > 0 and var seconds ? seconds * 1000 : null)));
            }
        }

        return new LineChart
        {
            Name = "report-cost",
            Title = "Report cost against working set",
            Description = "The time of one report of all tracked memory, at the finest and the coarsest page size of each tracker.",
            XLabel = "working set",
            YLabel = "ms",
            IsLogX = true,
            IsLogY = true,
            XTicks = [.. series.SelectMany(each => each.Points).Select(point => point.X).Distinct().Order().Select(size => (size, SizeText.ForPeople((ulong)size)))],
            Series = [.. series.Where(each => each.Points.Count > 0)],
        };
    }

    private static string NameOf(CostSample sample) =>
        sample.Dimensions.MessageBytes == 0 ? sample.Dimensions.Provider : $"{sample.Dimensions.Provider}, messages of {SizeText.Exact(sample.Dimensions.MessageBytes)}";

    // Points that differ in what the chart does not show are one: the median of all.
    private static List<(double X, double Y)> Points(IEnumerable<CostSample> samples, Func<CostSample, ulong> x, Func<CostSample, double?> y) =>
    [
        .. samples.Select(sample => (X: (double)x(sample), Y: y(sample)))
            .Where(point => point.Y is { } value && double.IsFinite(value))
            .GroupBy(point => point.X).OrderBy(group => group.Key)
            .Select(group => (group.Key, MedianOf([.. group.Select(point => point.Y!.Value)]))),
    ];

    private static double? Median(CostSample sample, string metric) =>
        sample.Measures.FirstOrDefault(measure => measure.Metric == metric) is { } found ? MedianOf([.. found.Values]) : null;

    private static double? Untracked(CostSample sample, string metric) =>
        sample.Measures.FirstOrDefault(measure => measure.Metric == metric)?.Untracked is { Count: > 0 } values ? MedianOf([.. values]) : null;

    private static double MedianOf(double[] values)
    {
        Array.Sort(values);
        return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }
}

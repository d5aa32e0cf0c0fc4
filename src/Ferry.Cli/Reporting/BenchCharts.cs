using Ferry.Bench.Fitting;
using Ferry.Bench.Profiles;
using Ferry.Cli.Values;
using Ferry.Report;
using Ferry.Report.Charts;

namespace Ferry.Cli.Reporting;

/// <summary>The charts of what a profile's samples hold. Each shows the centre of the design; what lies on lines from there is in tables.</summary>
internal static class BenchCharts
{
    private const double MebiByte = 1 << 20;

    /// <summary>The charts that have something to show.</summary>
    public static IEnumerable<ReportSection> Of(CostProfile profile)
    {
        var centre = CostFit.Centre(profile.Samples, isDevice: true);
        var message = centre is null ? "" : $" The device writes messages of {SizeText.Exact(centre.MessageBytes)}, as fast as it can, anywhere in {SizeText.Exact(centre.WorkingSetBytes)}.";
        List<CostSample> device = [.. profile.Samples.Where(sample => sample.Experiment == ExperimentNames.Slowdown && sample.Dimensions.PageSizeBytes > 0 && CostFit.IsAt(sample, centre))];
        LineChart[] charts =
        [
            OverPageSize(device, "device-throughput", "Device throughput", $"What the device writes while it is tracked, beside what it writes untracked.{message}", "MiB/s", MetricNames.DeviceBytesPerSecond, 1 / MebiByte),
            OverPageSize(device, "device-latency", "Device latency", $"One write of the device with nothing else to do, from its doorbell to its completion.{message}", "µs", MetricNames.DeviceWriteSeconds, 1e6),
            GuestProgress(profile),
            ReportCost(profile),
            Amplification(profile),
        ];
        return charts.Where(chart => chart.Series.Any(series => series.Points.Count > 0)).Select(chart => new ReportSection(chart.Title, null, chart));
    }

    private static LineChart OverPageSize(List<CostSample> samples, string name, string title, string description, string label, string metric, double factor)
    {
        List<LineSeries> series =
        [
            .. samples.GroupBy(sample => sample.Dimensions.Provider).OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => new LineSeries(group.Key, Points(group, sample => sample.Dimensions.PageSizeBytes, sample => Median(sample, metric) * factor))),
            UntrackedOf(samples, metric, factor),
        ];
        return new LineChart
        {
            Name = name,
            Title = $"{title} against page size",
            Description = description,
            XLabel = "tracking page size",
            YLabel = label,
            IsLogX = true,
            XTicks = TicksOf(series),
            Series = [.. series.Where(each => each.Points.Count > 0)],
        };
    }

    // One level for all page sizes, which don't matter to it: each value has its own partner, but a chart of those would show the host's moods.
    private static LineSeries UntrackedOf(List<CostSample> samples, string metric, double factor)
    {
        double[] all = [.. samples.SelectMany(sample => sample.Measures.FirstOrDefault(measure => measure.Metric == metric)?.Untracked ?? [])];
        return new LineSeries("untracked", all.Length == 0 ? [] : [.. samples.Select(sample => (double)sample.Dimensions.PageSizeBytes).Distinct().Order().Select(size => (size, Spread.Median(all) * factor))]);
    }

    // Guests are tracked at one page size; what makes a difference to them is how much memory they write.
    private static LineChart GuestProgress(CostProfile profile)
    {
        List<CostSample> samples = [.. profile.Samples.Where(sample => sample is { Experiment: ExperimentNames.Slowdown, Dimensions: { PageSizeBytes: > 0, MessageBytes: 0 } } && CostFit.IsPlain(sample))];
        ulong WorkingSet(CostSample sample) => sample.Dimensions.WorkingSetBytes;
        List<LineSeries> series = [];
        foreach (var accelerator in samples.GroupBy(sample => sample.Dimensions.Provider == "process" ? "threads" : "KVM").OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            series.AddRange(accelerator.GroupBy(sample => sample.Dimensions.Provider).Select(group => new LineSeries(group.Key, Points(group, WorkingSet, sample => Median(sample, MetricNames.GuestPagesPerSecond)))));
            series.Add(new LineSeries($"untracked on {accelerator.Key}", Points(accelerator, WorkingSet, sample => Untracked(sample, MetricNames.GuestPagesPerSecond))));
        }

        return new LineChart
        {
            Name = "guest-progress",
            Title = "Guest progress against working set",
            Description = "Pages that the guest writes while it is tracked, beside what it writes untracked, as fast as it can.",
            XLabel = "working set",
            YLabel = "pages a second",
            IsLogX = true,
            IsLogY = true,
            XTicks = TicksOf(series),
            Series = [.. series.Select(each => each with { Points = [.. each.Points.Where(point => point.Y > 0)] }).Where(each => each.Points.Count > 0)],
        };
    }

    // A curve a tracker and page size would be many: the finest and the coarsest of each tell between what the others lie.
    private static LineChart ReportCost(CostProfile profile)
    {
        var samples = Reports(profile);
        var series = new List<LineSeries>();
        foreach (var provider in samples.GroupBy(sample => sample.Dimensions.Provider).OrderBy(group => group.Key, StringComparer.Ordinal))
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
            XTicks = TicksOf(series),
            Series = [.. series.Where(each => each.Points.Count > 0)],
        };
    }

    // Where writes lie farthest apart coarse pages add most, so the smallest working set tells it.
    private static LineChart Amplification(CostProfile profile)
    {
        List<LineSeries> series =
        [
            .. Reports(profile).GroupBy(sample => sample.Dimensions.Provider).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => new LineSeries(group.Key, Points(
                group.GroupBy(sample => sample.Dimensions.PageSizeBytes).Select(size => size.MinBy(sample => sample.Dimensions.WorkingSetBytes)!),
                sample => sample.Dimensions.PageSizeBytes,
                sample => Median(sample, MetricNames.PagesReported) / Median(sample, MetricNames.PagesWritten)))),
        ];
        return new LineChart
        {
            Name = "amplification",
            Title = "Pages reported for each page written against page size",
            Description = "Coarse pages report neighbours that nobody wrote. Writes lie as far apart as memory allows, which is the worst.",
            XLabel = "tracking page size",
            YLabel = "pages of 4 KiB",
            IsLogX = true,
            IsLogY = true,
            XTicks = TicksOf(series),
            Series = [.. series.Select(each => each with { Points = [.. each.Points.Where(point => point.Y > 0)] }).Where(each => each.Points.Count > 0)],
        };
    }

    private static List<CostSample> Reports(CostProfile profile)
    {
        var all = profile.Samples.Where(sample => sample is { Experiment: ExperimentNames.Report, Dimensions: { PageSizeBytes: > 0, WorkingSetBytes: > 0 } } && CostFit.IsPlain(sample)).ToList();
        // The message size that most points have: others are a line.
        var message = all.Where(sample => sample.Dimensions.MessageBytes > 0).GroupBy(sample => sample.Dimensions.MessageBytes).MaxBy(group => group.Count())?.Key;
        return [.. all.Where(sample => sample.Dimensions.MessageBytes == 0 || sample.Dimensions.MessageBytes == message)];
    }

    private static List<(double X, string Text)> TicksOf(IEnumerable<LineSeries> series) =>
        [.. series.SelectMany(each => each.Points).Select(point => point.X).Distinct().Order().Select(size => (size, SizeText.Exact((ulong)size)))];

    // Points that differ in what the chart does not show are one: the median of all.
    private static List<(double X, double Y)> Points(IEnumerable<CostSample> samples, Func<CostSample, ulong> x, Func<CostSample, double?> y) =>
    [
        .. samples.Select(sample => (X: (double)x(sample), Y: y(sample)))
            .Where(point => point.Y is { } value && double.IsFinite(value))
            .GroupBy(point => point.X).OrderBy(group => group.Key)
            .Select(group => (group.Key, Spread.Median([.. group.Select(point => point.Y!.Value)]))),
    ];

    private static double? Median(CostSample sample, string metric) => CostFit.Values(sample, metric) is { Count: > 0 } values ? Spread.Median(values) : null;

    private static double? Untracked(CostSample sample, string metric) =>
        sample.Measures.FirstOrDefault(measure => measure.Metric == metric)?.Untracked is { Count: > 0 } values ? Spread.Median(values) : null;
}

using System.Globalization;
using Ferry.Bench.Fitting;
using Ferry.Bench.Profiles;
using Ferry.Cli.Values;
using Ferry.Report;

namespace Ferry.Cli.Reporting;

/// <summary>The tables of what a profile holds: costs, lines, what watching takes, and what was not measured.</summary>
internal static class BenchTables
{
    private const string Hidden = "~ is hidden by noise: the interval holds what no effect would come to, so the figure says nothing.";

    private static readonly (string Name, string Head, double Factor)[] OfTracker =
    [
        (CostNames.StartSeconds, "start", 1), (CostNames.StopSeconds, "stop", 1), (CostNames.ReportSecondsFixed, "report", 1),
        (CostNames.ReportSecondsPerMemoryByte, "and a GiB", 1 << 30), (CostNames.ReportSecondsPerPage, "and a page", 1),
    ];

    private static readonly (string Name, string Head, double Factor)[] OfWriters =
    [
        (CostNames.DeviceWriteSeconds, "a write of the device", 1), (CostNames.DeviceWriteSecondsPerByte, "and a KiB of it", 1024),
        (CostNames.GuestPageSeconds, "a page of the guest", 1),
    ];

    private static readonly (string Metric, string What)[] Progress =
        [(MetricNames.DeviceBytesPerSecond, "device throughput"), (MetricNames.DeviceWriteSeconds, "device latency"), (MetricNames.GuestPagesPerSecond, "guest progress")];

    /// <summary>What comes before what is predicted.</summary>
    public static IEnumerable<ReportSection> Measured(CostProfile profile)
    {
        var centre = CostFit.Centre(profile.Samples, isDevice: true);
        var guests = CostFit.Centre(profile.Samples, isDevice: false);
        List<CostSample> lines = [.. profile.Samples.Where(sample => sample is { Experiment: ExperimentNames.Slowdown, Dimensions.PageSizeBytes: > 0 } && !CostFit.IsAt(sample, centre) && !CostFit.IsAt(sample, guests))];
        if (lines.Count > 0)
        {
            yield return new ReportSection("What else makes a difference to progress", $"One dimension at a time, away from what the charts show. {Hidden}", Table: new ReportTable(
                ["tracker", "page size", "what is different", "tracked", "untracked", "tracked / untracked"], [.. lines.OrderBy(Order).Select(sample => ProgressRow(sample, sample.Dimensions.MessageBytes > 0 ? centre : guests))]));
        }

        List<CostSample> reports = [.. profile.Samples.Where(sample => sample is { Experiment: ExperimentNames.Report, Dimensions.WorkingSetBytes: > 0 }
            && (!CostFit.IsPlain(sample) || (sample.Dimensions.MessageBytes > 0 && sample.Dimensions.MessageBytes != centre?.MessageBytes)))];
        if (reports.Count > 0)
        {
            yield return new ReportSection("What else makes a difference to reports", null, Table: new ReportTable(
                ["tracker", "page size", "what is different", "report", "reported for each page written", "to send"], [.. reports.OrderBy(Order).Select(sample => ReportRow(sample, centre))]));
        }
    }

    /// <summary>What comes after that.</summary>
    public static IEnumerable<ReportSection> Costs(CostProfile profile)
    {
        if (Trackers(profile, OfTracker, "amplification", (key, find) => find(CostNames.Amplification) is { } cost ? Mark(cost, cost.Value.ToString("0.##", CultureInfo.InvariantCulture)) : "") is { Rows.Count: > 0 } trackers)
        {
            yield return new ReportSection("What trackers cost", $"Each with half of the interval that holds it with about 95 %. {Hidden}", Table: trackers);
        }

        if (Trackers(profile, OfWriters, "work left", (key, find) => (find(CostNames.DeviceProgressRatio) ?? find(CostNames.GuestProgressRatio)) is { } ratio ? Percent(ratio) : "") is { Rows.Count: > 0 } writers)
        {
            yield return new ReportSection("What trackers take from those they watch", "Of those that write as fast as they can, untracked being 100 %.", Table: writers);
        }

        string[][] host = [.. profile.Costs.Where(cost => cost.Provider is null).OrderBy(cost => cost.Name, StringComparer.Ordinal).Select(cost => (string[])[cost.Name.Replace('-', ' '), InUnits(cost.Name, cost.Value), InUnits(cost.Name, cost.Error), Count(cost.Count), cost.IsHiddenByNoise ? "hidden by noise" : ""])];
        if (host.Length > 0)
        {
            yield return new ReportSection("What the engine costs here", "From whole migrations over loopback.", Table: new ReportTable(["cost", "value", "error", "values", "remark"], host));
        }

        if (Watching(profile) is { Rows.Count: > 0 } watching)
        {
            yield return new ReportSection(
                "What watching takes", $"The same work with all that the bench does meanwhile, and without, in pairs; and the same work twice with nothing at all between, which is how far two measurements differ by themselves. {Hidden}", Table: watching);
        }

        if (profile.Notes is { Count: > 0 } notes)
        {
            yield return new ReportSection("Not measured", null, Table: new ReportTable(["what, and why"], [.. notes.Select(note => (string[])[note])]));
        }
    }

    private static ReportTable Trackers(
        CostProfile profile, (string Name, string Head, double Factor)[] costs, string last, Func<(string? Provider, ulong? Size), Func<string, FittedCost?>, string> lastOf)
    {
        var columns = costs.Where(column => profile.Costs.Any(cost => cost.Name == column.Name)).ToList();
        var keys = profile.Costs.Where(cost => cost.Provider is not null && cost.PageSizeBytes > 0).Select(cost => (cost.Provider, cost.PageSizeBytes)).Distinct().Order().ToList();
        return new ReportTable(
            ["tracker", "page size", .. columns.Select(column => column.Head), last],
            [
                .. keys.Select(key => (string[])
                [
                    key.Provider!, SizeText.Exact(key.PageSizeBytes!.Value),
                    .. columns.Select(column => profile.Find(column.Name, key.Provider, key.PageSizeBytes) is { } cost ? Mark(cost, $"{Time(cost.Value * column.Factor)} ± {Time(cost.Error * column.Factor)}") : ""),
                    lastOf(key, name => profile.Find(name, key.Provider, key.PageSizeBytes)),
                ]),
            ]);
    }

    private static ReportTable Watching(CostProfile profile)
    {
        var rows = new List<string[]>();
        foreach (var sample in profile.Samples.Where(sample => sample.Experiment == ExperimentNames.Watching || sample is { Experiment: ExperimentNames.Slowdown, Dimensions.Provider: "off" }).OrderByDescending(sample => sample.Experiment))
        {
            foreach (var (metric, what) in Progress)
            {
                if (CostFit.Ratio(CostNames.DeviceProgressRatio, sample, metric) is { } ratio)
                {
                    rows.Add([what, sample.Experiment == ExperimentNames.Watching ? "watched / not watched" : "nothing / nothing", Percent(ratio), Count(ratio.Count)]);
                }
            }
        }

        return new ReportTable(["what", "between", "ratio", "pairs"], rows);
    }

    private static string[] ProgressRow(CostSample sample, SampleDimensions? centre)
    {
        var at = sample.Dimensions;
        var metric = at.MessageBytes > 0 ? MetricNames.DeviceBytesPerSecond : MetricNames.GuestPagesPerSecond;
        var measure = sample.Measures.FirstOrDefault(each => each.Metric == metric);
        string Rate(IReadOnlyList<double>? values) => values is null ? "" : at.MessageBytes > 0 ? RateText.ForPeople(Spread.Median(values)) : string.Create(CultureInfo.InvariantCulture, $"{Spread.Median(values):N0} pages/s");
        return [at.Provider, SizeText.Exact(at.PageSizeBytes), Difference(at, centre), Rate(measure?.Values), Rate(measure?.Untracked), CostFit.Ratio(CostNames.DeviceProgressRatio, sample, metric) is { } ratio ? Percent(ratio) : ""];
    }

    private static string[] ReportRow(CostSample sample, SampleDimensions? centre)
    {
        var at = sample.Dimensions;
        var (report, written) = (CostFit.Values(sample, MetricNames.ReportSeconds), Spread.Median(CostFit.Values(sample, MetricNames.PagesWritten)));
        return
        [
            at.Provider, SizeText.Exact(at.PageSizeBytes), Difference(at, centre), $"{Time(Spread.Median(report))} ± {Time(Spread.Error(report))}",
            written > 0 ? (Spread.Median(CostFit.Values(sample, MetricNames.PagesReported)) / written).ToString("0.##", CultureInfo.InvariantCulture) : "",
            SizeText.ForPeople(Spread.Median(CostFit.Values(sample, MetricNames.BytesToSend))),
        ];
    }

    private static string Difference(SampleDimensions at, SampleDimensions? centre)
    {
        var parts = new List<string>();
        void Add(bool differs, string text)
        {
            if (differs)
            {
                parts.Add(text);
            }
        }

        Add(at.Pattern != AccessPattern.Uniform, at.Pattern.ToString().ToLowerInvariant());
        Add(at.WorkingSetBytes != centre?.WorkingSetBytes, $"working set {SizeText.Exact(at.WorkingSetBytes)}");
        Add(at.MessageBytes > 0 && at.MessageBytes != centre?.MessageBytes, $"messages of {SizeText.Exact(at.MessageBytes)}");
        Add(at.DirtyBytesPerSecond is not null, $"at {RateText.ForPeople(at.DirtyBytesPerSecond ?? 0)}");
        Add(at.RangeCount != 1, string.Create(CultureInfo.InvariantCulture, $"{at.RangeCount} ranges"));
        Add(at.SyncInP2P, "syncs in P2P");
        Add(centre is not null && at.MemoryBytes != centre.MemoryBytes, $"memory {SizeText.Exact(at.MemoryBytes)}");
        return string.Join(", ", parts);
    }

    private static (string Provider, ulong Size, string Difference) Order(CostSample sample) => (sample.Dimensions.Provider, sample.Dimensions.PageSizeBytes, Difference(sample.Dimensions, null));

    private static string Percent(FittedCost ratio) => Mark(ratio, string.Create(CultureInfo.InvariantCulture, $"{ratio.Value * 100:0.#} % ± {ratio.Error * 100:0.#} %"));

    // A figure and its error stay on one line.
    private static string Mark(FittedCost cost, string text) => (cost.IsHiddenByNoise ? $"~ {text}" : text).Replace(' ', '\u00A0');

    private static string Time(double seconds) => seconds is > 0 and < 1e-6
        ? string.Create(CultureInfo.InvariantCulture, $"{(seconds * 1e9).ToString(seconds < 1e-8 ? "0.##" : "0", CultureInfo.InvariantCulture)} ns")
        : DurationText.ForPeople(seconds);

    private static string InUnits(string name, double value) => name switch
    {
        _ when name.EndsWith("bytes-per-second", StringComparison.Ordinal) => RateText.ForPeople(value),
        _ when name.EndsWith("seconds-per-byte", StringComparison.Ordinal) => $"{Time(value * (1 << 30))} a GiB",
        _ when name.EndsWith("part", StringComparison.Ordinal) => string.Create(CultureInfo.InvariantCulture, $"{value * 100:0.#} %"),
        _ when name.EndsWith("bytes", StringComparison.Ordinal) => SizeText.ForPeople(value),
        _ => Time(value),
    };

    private static string Count(int count) => count.ToString(CultureInfo.InvariantCulture);
}

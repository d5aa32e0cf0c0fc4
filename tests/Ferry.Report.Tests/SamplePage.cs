using Ferry.Report.Charts;

namespace Ferry.Report.Tests;

/// <summary>A page with one chart of each kind, and text that would run if it were markup.</summary>
internal static class SamplePage
{
    public const string Hostile = "<script>fetch('http://127.0.0.1:1/')</script>\"'&<img src=x onerror=alert(1)>";

    public static LineChart Lines { get; } = new()
    {
        Name = "lines",
        Title = "Throughput",
        Description = "It falls.",
        XLabel = "page size",
        YLabel = "GiB/s",
        IsLogX = true,
        XTicks = [(4096, "4K"), (65536, "64K"), (2 << 20, "2M")],
        Series = [new("device", [(4096, 1), (65536, 2), (2 << 20, 3)]), new(Hostile, [(4096, 2.5), (65536, 2.4), (2 << 20, 0.5)])],
    };

    public static LineChart Scatter { get; } = new()
    {
        Name = "scatter",
        Title = "Predicted and measured",
        Description = "Near the diagonal.",
        XLabel = "measured, s",
        YLabel = "predicted, s",
        IsLogX = true,
        IsLogY = true,
        HasDiagonal = true,
        Series = [new("total", [(0.5, 0.6), (3, 2.8), (20, 25)], IsMarkersOnly: true)],
    };

    public static BarChart Bars { get; } = new()
    {
        Name = "bars",
        Title = "Pages",
        Description = "Fewer each round.",
        XLabel = "round",
        YLabel = "pages",
        Bars = ["1", "2", "3"],
        Series = [new("vcpus", [100, 50, 25]), new(Hostile, [30, 20, 0])],
    };

    public static BarChart Downtime { get; } = new()
    {
        Name = "downtime",
        Title = "Downtime",
        Description = "All in one bar.",
        XLabel = "milliseconds",
        YLabel = "",
        IsHorizontal = true,
        Bars = ["downtime"],
        Series = [.. Enumerable.Range(0, 12).Select(i => new BarSeries($"part {i}", [1 + i]))],
    };

    public static TimelineChart Timeline { get; } = new()
    {
        Name = "timeline",
        Title = "Timeline",
        Description = "One after the other.",
        XLabel = "seconds",
        YLabel = "phase",
        Spans = [new("setup", "start", 0, 0.1), new("round 1", "copy", 0.1, 0.9), new("round 1", Hostile, 0.9, 0.9)],
    };

    public static ReportPage Page { get; } = new()
    {
        Title = $"A page {Hostile}",
        Lead = Hostile,
        Figures = [("downtime", "12 ms"), (Hostile, Hostile)],
        Sections =
        [
            new("Lines", "A paragraph.", Lines), new("Scatter", null, Scatter), new("Bars", null, Bars), new("Downtime", null, Downtime), new("Timeline", null, Timeline),
            new(Hostile, Hostile, Table: new ReportTable(["name", Hostile], [[Hostile, "2"]])),
        ],
    };
}

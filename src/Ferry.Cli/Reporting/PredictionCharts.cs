using System.Globalization;
using Ferry.Cli.Values;
using Ferry.Report;
using Ferry.Report.Charts;

namespace Ferry.Cli.Reporting;

/// <summary>The charts of what a model predicts.</summary>
internal static class PredictionCharts
{
    /// <summary>What is predicted, and the charts that have something to show.</summary>
    public static IEnumerable<ReportSection> Of(BenchPredictions predictions)
    {
        yield return new ReportSection("What the cost model predicts", predictions.Text);
        if (predictions is { Links.Count: > 0 })
        {
            yield return new ReportSection("Total time over links", null, Links(
                predictions.Links, "total-time", "Total time", "Where two curves cross, the page size that is best for one link is not the best for the other.", "total time, s", point => point.Total));
            yield return new ReportSection("Downtime over links", null, Links(
                predictions.Links, "downtime-links", "Downtime", "What is left for the switchover, by page size: coarse pages are more to send, fine ones more to report.", "downtime, ms", point => point.Downtime * 1000));
        }

        if (predictions is { Pairs.Count: > 0 })
        {
            yield return new ReportSection(
                "Predicted against measured: total time",
                "Whole migrations over links that were shaped for them. No cost was fitted from these: they show how far the model can be believed here.",
                Pairs("predicted-total", "Total time", "s", predictions.Pairs, pair => (pair.MeasuredTotalSeconds, pair.PredictedTotalSeconds)));
            yield return new ReportSection(
                "Predicted against measured: downtime", null,
                Pairs("predicted-downtime", "Downtime", "ms", predictions.Pairs, pair => (pair.MeasuredDowntimeSeconds * 1000, pair.PredictedDowntimeSeconds * 1000)), TableOf(predictions.Pairs));
        }
    }

    private static LineChart Links(
        IReadOnlyList<LinkCurve> links, string name, string title, string description, string label, Func<(double Total, double Downtime), double> value) => new()
        {
            Name = name,
            Title = $"{title} against page size",
            Description = $"Predicted, one curve a link. {description}",
            XLabel = "tracking page size",
            YLabel = label,
            IsLogX = true,
            IsLogY = true,
            XTicks = [.. links.SelectMany(link => link.Points).Select(point => point.PageSizeBytes).Distinct().Order().Select(size => ((double)size, SizeText.Exact(size)))],
            Series = [.. links.Select(link => new LineSeries(
            link.Link, [.. link.Points.Where(point => value((point.TotalSeconds, point.DowntimeSeconds)) > 0).OrderBy(point => point.PageSizeBytes).Select(point => ((double)point.PageSizeBytes, value((point.TotalSeconds, point.DowntimeSeconds))))]))],
        };

    // A logarithmic axis has no place for nothing.
    private static LineChart Pairs(string name, string title, string unit, IReadOnlyList<PredictedPair> pairs, Func<PredictedPair, (double Measured, double Predicted)> of) => new()
    {
        Name = name,
        Title = $"{title}, predicted against measured",
        Description = "Each point is a whole migration; on the dotted line the prediction is what was measured.",
        XLabel = $"measured, {unit}",
        YLabel = $"predicted, {unit}",
        IsLogX = true,
        IsLogY = true,
        HasDiagonal = true,
        Series =
        [
            .. pairs.GroupBy(pair => pair.Link).Select(link => new LineSeries(
                link.Key, [.. link.Select(of).Where(pair => pair is { Measured: > 0, Predicted: > 0 }).Select(pair => (pair.Measured, pair.Predicted))], IsMarkersOnly: true)),
        ],
    };

    private static ReportTable TableOf(IReadOnlyList<PredictedPair> pairs) => new(
        ["migration", "link", "total time", "predicted", "off", "downtime", "predicted", "off"],
        [
            .. pairs.Select(pair => (string[])
            [
                pair.Name, pair.Link, DurationText.ForPeople(pair.MeasuredTotalSeconds), DurationText.ForPeople(pair.PredictedTotalSeconds), Off(pair.MeasuredTotalSeconds, pair.PredictedTotalSeconds),
                DurationText.ForPeople(pair.MeasuredDowntimeSeconds), DurationText.ForPeople(pair.PredictedDowntimeSeconds), Off(pair.MeasuredDowntimeSeconds, pair.PredictedDowntimeSeconds),
            ]),
        ]);

    private static string Off(double measured, double predicted) =>
        measured > 0 ? string.Create(CultureInfo.InvariantCulture, $"{((predicted / measured) - 1) * 100:+0;-0;0} %") : "";
}

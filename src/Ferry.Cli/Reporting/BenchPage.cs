using System.Globalization;
using Ferry.Bench.Profiles;
using Ferry.Cli.Values;
using Ferry.Report;

namespace Ferry.Cli.Reporting;

/// <summary>The report of a cost profile.</summary>
internal static class BenchPage
{
    /// <summary>The page; charts for which nothing was measured or predicted are left out, and it says which costs a prediction lacks.</summary>
    public static ReportPage Of(CostProfile profile, BenchPredictions predictions)
    {
        var host = profile.Host;
        return new ReportPage
        {
            Title = "What tracking costs here",
            Lead = string.Create(
                CultureInfo.InvariantCulture,
                $"Measured {profile.CreatedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC by ferry {profile.FerryVersion} on {host.CpuModel}, Linux {host.Kernel}. Values are medians of repeats.{(profile.IsComplete ? "" : " The bench did not finish: some points are missing.")}"),
            Figures =
            [
                ("cores", host.Cores.ToString(CultureInfo.InvariantCulture)), ("memory", SizeText.ForPeople(host.MemoryBytes)), ("accelerator", host.Accelerator),
                ("points", profile.Samples.Count.ToString("N0", CultureInfo.InvariantCulture)),
                ("trackers", profile.Samples.Select(sample => sample.Dimensions.Provider).Where(provider => provider != "off").Distinct().Count().ToString(CultureInfo.InvariantCulture)),
            ],
            Sections = [.. BenchCharts.Of(profile), .. PredictionCharts.Of(predictions), CostsOf(profile)],
        };
    }

    private static ReportSection CostsOf(CostProfile profile) => new(
        "Fitted costs",
        "The error is half of the interval that holds the value with about 95 %. Where noise hides the effect, the figure says nothing.",
        Table: new ReportTable(
            ["cost", "tracker", "page size", "value", "error", "values", "remark"],
            [
                .. profile.Costs.OrderBy(cost => cost.Name, StringComparer.Ordinal).ThenBy(cost => cost.Provider, StringComparer.Ordinal).ThenBy(cost => cost.PageSizeBytes).Select(
                    cost => (string[])
                    [
                        cost.Name, cost.Provider ?? "", cost.PageSizeBytes is { } size ? SizeText.Exact(size) : "", Digits(cost.Value), Digits(cost.Error),
                        cost.Count.ToString(CultureInfo.InvariantCulture), cost.IsHiddenByNoise ? "hidden by noise" : "",
                    ]),
            ]));

    private static string Digits(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}

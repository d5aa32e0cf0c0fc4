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
            Sections = [.. BenchCharts.Of(profile), .. BenchTables.Measured(profile), .. PredictionCharts.Of(predictions), .. BenchTables.Costs(profile)],
        };
    }
}

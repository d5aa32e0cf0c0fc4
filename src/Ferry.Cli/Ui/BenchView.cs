using System.Globalization;
using Ferry.Bench.Design;
using Ferry.Bench.Profiles;
using Ferry.Cli.Benching;
using Ferry.Cli.Values;
using Spectre.Console;

namespace Ferry.Cli.Ui;

/// <summary>A bench and its profile for people.</summary>
internal static class BenchView
{
    /// <summary>Writes what each tracker costs.</summary>
    public static void Write(IAnsiConsole console, BenchResult result, string? report)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
            .AddColumn("[bold]tracker[/]").AddColumn("[bold]page size[/]").AddColumn("[bold]start[/]").AddColumn("[bold]stop[/]")
            .AddColumn("[bold]report[/]").AddColumn("[bold]and a GiB[/]").AddColumn("[bold]and a page[/]").AddColumn("[bold]amplification[/]").AddColumn("[bold]work left[/]");
        foreach (var key in result.Profile.Costs.Where(cost => cost.PageSizeBytes > 0).Select(cost => (cost.Provider, cost.PageSizeBytes)).Distinct().Order())
        {
            FittedCost? Of(string name) => result.Profile.Find(name, key.Provider, key.PageSizeBytes);
            table.AddRow(
                Markup.Escape(key.Provider!), SizeText.Exact(key.PageSizeBytes!.Value), Time(Of(CostNames.StartSeconds)), Time(Of(CostNames.StopSeconds)),
                Time(Of(CostNames.ReportSecondsFixed)), Time(Of(CostNames.ReportSecondsPerMemoryByte), 1 << 30), Time(Of(CostNames.ReportSecondsPerPage)),
                Number(Of(CostNames.Amplification)), Part(Of(CostNames.DeviceProgressRatio) ?? Of(CostNames.GuestProgressRatio)));
        }

        console.Write(table);
        console.WriteLine("A ~ marks what noise hides: the effect is not told from none.");
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Measured} of {result.Points} points are measured{(result.Path is null ? "" : $"; profile: {result.Path}")}"));
        if (report is not null)
        {
            console.WriteLine($"report: {report}");
        }
    }

    /// <summary>Writes what would be measured.</summary>
    public static void WritePlan(IAnsiConsole console, IReadOnlyList<BenchPoint> points)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
            .AddColumn("[bold]experiment[/]").AddColumn("[bold]tracker[/]").AddColumn("[bold]page size[/]").AddColumn("[bold]settings[/]").AddColumn("[bold]repeats[/]");
        foreach (var point in points)
        {
            table.AddRow(
                point.Experiment, point.Dimensions.Provider, point.Dimensions.PageSizeBytes == 0 ? "" : SizeText.Exact(point.Dimensions.PageSizeBytes), SettingsOf(point),
                point.Repeats.ToString(CultureInfo.InvariantCulture));
        }

        console.Write(table);
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{points.Count} points, about {DurationText.ForPeople(points.Sum(point => point.Seconds))} beside what is set up for them"));
    }

    /// <summary>Writes how two profiles differ.</summary>
    public static void WriteDiff(IAnsiConsole console, IReadOnlyList<CostDifference> differences, bool all)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
            .AddColumn("[bold]cost[/]").AddColumn("[bold]tracker[/]").AddColumn("[bold]page size[/]").AddColumn("[bold]first[/]").AddColumn("[bold]second[/]").AddColumn("[bold]factor[/]").AddColumn("[bold]differs[/]");
        foreach (var each in differences.Where(each => all || each.IsReal || each.Left is null || each.Right is null))
        {
            table.AddRow(
                each.Name, Markup.Escape(each.Provider ?? ""), each.PageSizeBytes is { } size ? SizeText.Exact(size) : "", Value(each.Left), Value(each.Right),
                each.Factor is { } factor ? factor.ToString("0.00", CultureInfo.InvariantCulture) : "", each.Left is null || each.Right is null ? "[grey]only one[/]" : each.IsReal ? "yes" : "[grey]no[/]");
        }

        console.Write(table);
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{differences.Count(each => each.IsReal)} of {differences.Count} costs differ by more than their errors."));
    }

    private static string SettingsOf(BenchPoint point)
    {
        var at = point.Dimensions;
        string?[] parts =
        [
            $"{SizeText.Exact(at.MemoryBytes)} of memory",
            at.WorkingSetBytes == 0 ? "nothing written" : $"{SizeText.Exact(at.WorkingSetBytes)} written {at.Pattern.ToString().ToLowerInvariant()}",
            at.MessageBytes > 0 ? $"by {SizeText.Exact(at.MessageBytes)}" : point.IsOfGuest ? "by the guest" : null,
            at.DirtyBytesPerSecond is > 0 and var rate ? $"at {RateText.Exact(rate)}/s" : null,
            at.RangeCount > 1 ? string.Create(CultureInfo.InvariantCulture, $"{at.RangeCount} ranges") : null,
            at.SyncInP2P ? "syncs in P2P" : null,
            point.Experiment == ExperimentNames.Migration ? $"over {at.Link ?? "loopback"}" : null,
        ];
        return string.Join(", ", parts.OfType<string>());
    }

    private static string Value(FittedCost? cost) =>
        cost is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{cost.Value:G4} ± {cost.Error:G2}");

    private static string Time(FittedCost? cost, double factor = 1) => cost is null ? "" : Marked(cost, cost.Value * factor is > 0 and < 1e-6 ? $"{cost.Value * factor * 1e9:0} ns" : DurationText.ForPeople(cost.Value * factor));

    private static string Number(FittedCost? cost) => cost is null ? "" : Marked(cost, cost.Value.ToString("0.##", CultureInfo.InvariantCulture));

    private static string Part(FittedCost? cost) => cost is null ? "" : Marked(cost, string.Create(CultureInfo.InvariantCulture, $"{cost.Value * 100:0.#} %"));

    private static string Marked(FittedCost cost, string text) => cost.IsHiddenByNoise ? $"[grey]~ {text}[/]" : text;
}

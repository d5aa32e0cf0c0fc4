using System.Globalization;
using Ferry.Cli.Documents;
using Ferry.Cli.Values;
using Spectre.Console;

namespace Ferry.Cli.Ui;

/// <summary>An advice for people.</summary>
internal static class AdviceView
{
    /// <summary>Writes <paramref name="advice"/> to <paramref name="console"/>.</summary>
    public static void Write(IAnsiConsole console, AdviceDocument advice)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
            .AddColumn("").AddColumn("[bold]tracked[/]").AddColumn("[bold]streams[/]").AddColumn("[bold]on stall[/]")
            .AddColumn("[bold]time[/]").AddColumn("[bold]downtime[/]").AddColumn("[bold]slowdown[/]").AddColumn("[bold]CPU[/]").AddColumn("[bold]limits[/]");
        foreach (var policy in advice.Shown)
        {
            table.AddRow(
                policy == advice.Recommended ? "[bold]>[/]" : "", Markup.Escape(policy.Trackers), policy.Channels.ToString(CultureInfo.InvariantCulture), policy.OnStall,
                DurationText.ForPeople(policy.TotalSeconds), DurationText.ForPeople(policy.DowntimeSeconds), Percent(policy.Slowdown), DurationText.ForPeople(policy.CpuSeconds),
                policy.MeetsLimits ? "met" : "[grey]not met[/]");
        }

        console.Write(table);
        console.WriteLine($"{advice.Tried} policies tried; none of those shown is worse than another in everything.");
        console.WriteLine(advice.Reason);
        foreach (var (limit, margin) in advice.Margins)
        {
            console.WriteLine($"margin to --{limit}: {Percent(margin)} of it");
        }

        foreach (var sensitivity in advice.Sensitivities)
        {
            console.WriteLine($"would change the advice: {sensitivity}");
        }

        foreach (var left in advice.LeftOut)
        {
            console.WriteLine($"left out: {left}");
        }
    }

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{part * 100:0.#} %");
}

using System.Globalization;
using Ferry.Cli.Documents;
using Ferry.Cli.Values;
using Ferry.Migration.Planning;
using Spectre.Console;

namespace Ferry.Cli.Ui;

/// <summary>A plan for people.</summary>
internal static class PlanView
{
    /// <summary>Writes <paramref name="plan"/> to <paramref name="console"/>.</summary>
    public static void Write(IAnsiConsole console, PlanningDocument plan)
    {
        var coverage = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
            .AddColumn("[bold]writes of[/]").AddColumn("[bold]seen by[/]").AddColumn("[bold]page size[/]").AddColumn("[bold]precision[/]").AddColumn("[bold]ranges[/]").AddColumn("[bold]fallback[/]");
        foreach (var line in plan.Coverage)
        {
            coverage.AddRow(
                Markup.Escape(line.Source),
                Markup.Escape(line.Tracker) + (line.Redundant ? " [grey](redundant)[/]" : ""),
                SizeText.Exact(line.PageSizeBytes),
                line.Precision,
                line.Ranges.ToString(CultureInfo.InvariantCulture) + (line.ExtraBytes > 0 ? $", {SizeText.ForPeople(line.ExtraBytes)} more than mapped" : ""),
                Markup.Escape(line.Fallback ?? "-"));
        }

        console.Write(coverage);
        foreach (var skipped in plan.Skipped)
        {
            console.MarkupLine($"[grey]passed over for {Markup.Escape(skipped)}[/]");
        }

        foreach (var line in plan.Plan is null ? [] : PlanText.Lines(plan.Plan))
        {
            // Written as it is: a console would wrap the columns of states.
            console.Profile.Out.Writer.WriteLine(line);
        }

        foreach (var problem in plan.Problems)
        {
            console.MarkupLine($"[red]✗[/] {Markup.Escape(problem)}");
        }
    }
}

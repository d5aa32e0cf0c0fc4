using Ferry.Cli.Reports;
using Ferry.Cli.Values;
using Spectre.Console;

namespace Ferry.Cli.Ui;

/// <summary>A plan for people.</summary>
internal static class PlanView
{
    /// <summary>Writes <paramref name="plan"/> to <paramref name="console"/>.</summary>
    public static void Write(IAnsiConsole console, PlanReport plan)
    {
        var coverage = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
            .AddColumn("[bold]writes of[/]").AddColumn("[bold]tracked by[/]").AddColumn("[bold]page size[/]").AddColumn("[bold]precision[/]");
        foreach (var row in plan.Coverage)
        {
            coverage.AddRow(
                Markup.Escape(row.Source),
                row.Trackers.Count == 0 ? "[red]nothing[/]" : Markup.Escape(string.Join(" and ", row.Trackers)) + (row.Redundant ? " [grey](redundant)[/]" : ""),
                row.PageSizeBytes == 0 ? "" : SizeText.Exact(row.PageSizeBytes),
                row.Precision);
        }

        console.Write(coverage);
        foreach (var phase in plan.Phases)
        {
            console.MarkupLine($"[bold]{Markup.Escape(phase.Phase)}[/] [grey]({Markup.Escape(phase.Where)})[/]");
            foreach (var step in phase.Steps)
            {
                console.WriteLine($"  {step}");
            }
        }

        foreach (var problem in plan.Problems)
        {
            console.MarkupLine($"[red]✗[/] {Markup.Escape(problem)}");
        }
    }
}

using System.Globalization;
using Ferry.Cli.Documents;
using Ferry.Cli.Values;
using Ferry.Conform;
using Spectre.Console;

namespace Ferry.Cli.Ui;

/// <summary>A device's conformance for people.</summary>
internal static class ConformView
{
    /// <summary>Writes <paramref name="report"/> to <paramref name="console"/>.</summary>
    public static void Write(IAnsiConsole console, ConformDocument report)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
            .AddColumn("[bold]check[/]").AddColumn("[bold]outcome[/]").AddColumn(new TableColumn("[bold]time[/]").RightAligned()).AddColumn("[bold]detail[/]");
        foreach (var check in report.Checks)
        {
            table.AddRow(
                new Text(check.Name), new Markup(Outcome(check.Outcome)),
                new Text(check.Outcome is CheckOutcomes.NotRun or CheckOutcomes.NotApplicable ? "-" : DurationText.ForPeople(check.Seconds)), new Text(FirstLine(check.Detail)));
        }

        console.Write(table);
        foreach (var check in report.Checks.Where(check => check.Outcome == CheckOutcomes.Failed))
        {
            WriteFailure(console, check);
        }

        var counts = string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Passed} passed, {report.Failed} failed, {report.NotApplicable} not applicable{(report.NotRun > 0 ? $", {report.NotRun} not run" : "")}");
        console.MarkupLine($"{(report.Conforms ? "[green]✓[/]" : "[red]✗[/]")} {counts}, in {DurationText.ForPeople(report.Seconds)}");
        console.MarkupLine($"  [grey]device:[/] {Markup.Escape(report.Device)}");
    }

    /// <summary>Writes the list of all checks.</summary>
    public static void WriteList(IAnsiConsole console, IReadOnlyList<CheckDescription> checks)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey).AddColumn("[bold]check[/]").AddColumn("[bold]rule[/]").AddColumn("[bold]source[/]");
        foreach (var check in checks)
        {
            table.AddRow(new Text(check.Name), new Text(check.Rule), new Text(check.Source));
        }

        console.Write(table);
    }

    private static void WriteFailure(IAnsiConsole console, ConformCheckDocument check)
    {
        // What can be searched for or copied is written as it is, however wide the screen.
        console.Markup($"[red]✗ {Markup.Escape(check.Name)}[/]: ");
        console.Profile.Out.Writer.WriteLine(check.Detail);
        console.MarkupLine($"  [grey]rule:[/] {Markup.Escape(check.Rule)} [grey]({Markup.Escape(check.Source)})[/]");
        foreach (var line in check.Commands)
        {
            console.Profile.Out.Writer.WriteLine($"    {line}");
        }
    }

    // What a process said before it ended is shown with the failure.
    private static string FirstLine(string? detail) => detail?.Split('\n')[0] ?? "";

    private static string Outcome(string outcome) => outcome switch
    {
        CheckOutcomes.Passed => "[green]passed[/]",
        CheckOutcomes.Failed => "[red]failed[/]",
        CheckOutcomes.NotApplicable => "[grey]not applicable[/]",
        _ => "[yellow]not run[/]",
    };
}

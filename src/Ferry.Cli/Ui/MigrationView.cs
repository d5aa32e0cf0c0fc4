using System.Globalization;
using Ferry.Cli.Documents;
using Ferry.Cli.Values;
using Spectre.Console;

namespace Ferry.Cli.Ui;

/// <summary>A migration's report for people.</summary>
internal static class MigrationView
{
    /// <summary>Writes <paramref name="report"/> to <paramref name="console"/>.</summary>
    public static void Write(IAnsiConsole console, MigrationDocument report)
    {
        WriteFacts(console, report);
        WriteRounds(console, report);
        WriteTrackers(console, report);
        WriteDevices(console, report);
        WriteDowntime(console, report);
        WriteVerdicts(console, report);
    }

    private static void WriteFacts(IAnsiConsole console, MigrationDocument report)
    {
        var grid = new Grid().AddColumn(new GridColumn().PadRight(3)).AddColumn();
        void Row(string name, string value) => grid.AddRow(new Markup($"[grey]{name}[/]"), new Text(value));
        Row("machine", $"{SizeText.ForPeople(report.MemoryBytes)} of memory, accelerator {report.Accelerator}{(report.Accelerator == "thread" ? " (no KVM: the program ran on host threads)" : "")}");
        Row("runs at", report.RunsAt);
        Row("downtime", DescribeDowntime(report));
        Row("total", string.Create(CultureInfo.InvariantCulture, $"{DurationText.ForPeople(report.TotalSeconds)}, setup {DurationText.ForPeople(report.SetupSeconds)} before it, destination populated in {DurationText.ForPeople(report.PopulateSeconds)}"));
        Row("sent", string.Create(CultureInfo.InvariantCulture, $"{SizeText.ForPeople(report.SentBytes)} at {RateText.ForPeople(report.BytesPerSecond)}: {report.SentPages:N0} pages, {report.ZeroPages:N0} zero pages"));
        Row("rounds", $"{report.Rounds}, {(report.Converged ? "converged" : "did not converge")}{(report.SwitchoverReason is null ? "" : $": {report.SwitchoverReason}")}");
        Row("cpu", string.Create(CultureInfo.InvariantCulture, $"source {DurationText.ForPeople(report.SourceCpuSeconds)}, destination {DurationText.ForPeople(report.DestinationCpuSeconds)}; source's memory beyond the guest's {SizeText.ForPeople(report.SourceExtraRssBytes)}"));
        console.Write(grid);
    }

    // The comparison is the demo's wish, not a migration's need.
    private static string DescribeDowntime(MigrationDocument report)
    {
        var comparing = report.DowntimeParts.Where(part => part.Name == "verify memory").Sum(part => part.Seconds);
        return DurationText.ForPeople(report.DowntimeSeconds) + (comparing > 0 ? $", of which {DurationText.ForPeople(comparing)} to compare memory" : "");
    }

    private static void WriteRounds(IAnsiConsole console, MigrationDocument report)
    {
        if (report.RoundDetails.Count == 0)
        {
            return;
        }

        var table = NewTable("round", "dirty pages", "sent", "time", "bandwidth");
        foreach (var round in report.RoundDetails)
        {
            table.AddRow(
                Number(round.Round), Number(round.DirtyPages), SizeText.ForPeople(round.SentBytes), DurationText.ForPeople(round.Seconds), RateText.ForPeople(round.BytesPerSecond));
        }

        console.Write(table);
    }

    private static void WriteTrackers(IAnsiConsole console, MigrationDocument report)
    {
        var table = NewTable("tracker", "writes of", "page size", "precision", "reports", "dirty pages", "time");
        foreach (var tracker in report.Trackers)
        {
            table.AddRow(
                Markup.Escape(tracker.Name), Markup.Escape(string.Join(", ", tracker.Sources)), SizeText.Exact(tracker.PageSizeBytes), tracker.Precision,
                Number(tracker.Reports), Number(tracker.DirtyPages), DurationText.ForPeople(tracker.ReportSeconds));
        }

        console.Write(table);
        foreach (var tracker in report.Trackers.Where(tracker => tracker.Failures > 0))
        {
            console.MarkupLine(
                $"[yellow]![/] {Markup.Escape(tracker.Name)} failed {Number(tracker.Failures)} times, and all that it covers was copied again: {Markup.Escape(tracker.LastFailure ?? "")}");
        }

        foreach (var tracker in report.Trackers.Where(tracker => tracker.AlonePages is not null))
        {
            console.MarkupLine(
                $"{Markup.Escape(tracker.Name)} reported {Number(tracker.AlonePages!.Value)} pages that no other tracker of {Markup.Escape(string.Join(", ", tracker.Sources))} reported at the same sync");
        }

        foreach (var tracker in report.Trackers.Where(tracker => tracker.Ended is not null))
        {
            console.MarkupLine($"tracker {Markup.Escape(tracker.Name)} ended in the rounds: {Markup.Escape(tracker.Ended!)}");
        }
    }

    private static void WriteDevices(IAnsiConsole console, MigrationDocument report)
    {
        if (report.Devices.Count == 0)
        {
            return;
        }

        var table = NewTable("device", "states", "pre-copy", "stop-copy");
        foreach (var device in report.Devices)
        {
            table.AddRow(
                Markup.Escape(device.Id), Markup.Escape(string.Join(" → ", device.States)), SizeText.ForPeople(device.PreCopyBytes), SizeText.ForPeople(device.StopCopyBytes));
        }

        console.Write(table);
    }

    private static void WriteDowntime(IAnsiConsole console, MigrationDocument report)
    {
        const int bar = 40;
        if (report.DowntimeParts.Count == 0)
        {
            return;
        }

        var whole = Math.Max(report.DowntimeParts.Sum(part => part.Seconds), double.Epsilon);
        var table = NewTable("downtime", "time", "");
        foreach (var part in report.DowntimeParts)
        {
            var length = (int)Math.Round(part.Seconds / whole * bar);
            table.AddRow(Markup.Escape(part.Name), DurationText.ForPeople(part.Seconds), $"[blue]{new string('━', length)}[/]");
        }

        console.Write(table);
    }

    private static void WriteVerdicts(IAnsiConsole console, MigrationDocument report)
    {
        WriteVerdict(console, report.MemoryVerified, "guest memory was the same on both sides at the hand-over", "guest memory differed at the hand-over", "guest memory was not compared");
        WriteVerdict(console, report.GuestVerified, "the guest's full check of its memory passed on the destination", "the guest's check failed", "the guest was not asked to check itself");
        foreach (var check in report.Checks ?? [])
        {
            var detail = check.Detail is null ? "" : $" [grey]({Markup.Escape(check.Detail)})[/]";
            console.MarkupLine($"{(check.Passed ? "[green]✓[/]" : "[red]✗[/]")} {Markup.Escape(check.Name)}{detail}");
        }

        if (report.Error is not null)
        {
            console.MarkupLine($"[red]✗[/] {Markup.Escape(report.Error)}");
        }

        console.MarkupLine(report switch
        {
            { Verified: true } => "[bold green]Verified.[/]",
            { RunsAt: RunsAt.InDoubt } => "[bold red]In doubt.[/]",
            { RunsAt: RunsAt.Destination, MemoryVerified: null, GuestVerified: null } => "[bold]Moved; nothing was compared.[/]",
            _ => "[bold red]Not verified.[/]",
        });
    }

    private static void WriteVerdict(IAnsiConsole console, bool? verdict, string good, string bad, string unknown) =>
        console.MarkupLine(verdict switch { true => $"[green]✓[/] {good}", false => $"[red]✗[/] {bad}", null => $"[grey]-[/] {unknown}" });

    private static Table NewTable(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn($"[bold]{column}[/]"));
        }

        return table;
    }

    private static string Number<T>(T value)
        where T : IFormattable => value.ToString("N0", CultureInfo.InvariantCulture);
}

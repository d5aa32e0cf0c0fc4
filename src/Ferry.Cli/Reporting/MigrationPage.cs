using System.Globalization;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;
using Ferry.Cli.Values;
using Ferry.Report;

namespace Ferry.Cli.Reporting;

/// <summary>The report of one migration, from what was told of it.</summary>
internal static class MigrationPage
{
    /// <summary>The page; charts that would show nothing are left out.</summary>
    public static ReportPage Of(EventLog log)
    {
        var report = ReplayedReport.Of(log);
        return new ReportPage
        {
            Title = $"Migration of {log.Machine}",
            Lead = LeadOf(log, report),
            Figures = [.. FiguresOf(log, report)],
            Sections = [.. MigrationCharts.Of(log, report).Concat(TablesOf(log, report))],
        };
    }

    private static string LeadOf(EventLog log, MigrationDocument report)
    {
        var verdict = report switch
        {
            { RunsAt: RunsAt.Destination, Verified: true } => "It runs at the destination, and all that was compared was the same.",
            { RunsAt: RunsAt.Destination } when report.MemoryVerified == false || report.GuestVerified == false => "It runs at the destination, and something that was compared differed.",
            { RunsAt: RunsAt.Destination } => "It runs at the destination.",
            { RunsAt: RunsAt.Source } => "It runs at the source, as before.",
            { RunsAt: RunsAt.InDoubt } => "It is in doubt which side runs it.",
            _ => "The log does not say which side runs it.",
        };
        var begin = log.Begin;
        var told = string.Create(
            CultureInfo.InvariantCulture,
            $"Told by the {log.Side}, {begin.StartedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, ferry {begin.Ferry}: {SizeText.ForPeople(begin.MemoryBytes)} of memory, {begin.Vcpus} {(begin.Vcpus == 1 ? "vCPU" : "vCPUs")}, accelerator {begin.Accelerator}.");
        return $"{told} {verdict}{(report.Error is null ? "" : $" {report.Error}")}{(log.LostCount == 0 ? "" : $" {log.LostCount} events are missing.")}";
    }

    private static IEnumerable<(string Name, string Value)> FiguresOf(EventLog log, MigrationDocument report)
    {
        yield return ("downtime", DurationText.ForPeople(report.DowntimeSeconds));
        if (log.Side == EventDocument.SourceSide)
        {
            yield return ("total", DurationText.ForPeople(report.TotalSeconds));
            yield return ("rounds", report.Rounds.ToString(CultureInfo.InvariantCulture));
        }

        yield return (log.Side == EventDocument.SourceSide ? "sent" : "received", SizeText.ForPeople(report.SentBytes));
        yield return ("runs at", report.RunsAt);
        if (log.Side == EventDocument.SourceSide)
        {
            yield return ("memory", report.MemoryVerified switch { true => "the same", false => "differs", null => "not compared" });
        }
    }

    private static IEnumerable<ReportSection> TablesOf(EventLog log, MigrationDocument report)
    {
        if (report.Trackers.Count > 0)
        {
            yield return new ReportSection("Trackers", report.SwitchoverReason is { } reason ? $"Why the rounds ended: {reason}." : null, Table: new ReportTable(
                ["tracker", "writes of", "page size", "precision", "reads", "dirty pages", "time", "failures"],
                [.. report.Trackers.Select(each => (string[])
                [
                    each.Name, string.Join(", ", each.Sources), SizeText.Exact(each.PageSizeBytes), each.Precision, Number(each.Reports), Number(each.DirtyPages),
                    DurationText.ForPeople(each.ReportSeconds), each.Failures == 0 ? "none" : $"{Number(each.Failures)}: {each.LastFailure}",
                ])]));
        }

        if (report.Devices.Count > 0)
        {
            yield return new ReportSection("Devices", Table: new ReportTable(
                ["device", "states", "state moved while it ran", "while it stood"],
                [.. report.Devices.Select(each => (string[])[each.Id, string.Join(" → ", each.States), SizeText.ForPeople(each.PreCopyBytes), SizeText.ForPeople(each.StopCopyBytes)])]));
        }

        if (report.Checks is { Count: > 0 } checks)
        {
            yield return new ReportSection("Checks", Table: new ReportTable(
                ["what was to hold", "did it", "what was seen"], [.. checks.Select(each => (string[])[each.Name, each.Passed ? "yes" : "no", each.Detail ?? ""])]));
        }

        if (log.Begin.Plan is { } plan)
        {
            yield return new ReportSection("Plan", Table: new ReportTable(
                ["phase", "side", "step"],
                [.. plan.Phases.SelectMany(phase => phase.Steps.Select(step => (string[])[phase.Name, phase.Side, step.Text]))]));
        }
    }

    private static string Number<T>(T value)
        where T : IFormattable => value.ToString("N0", CultureInfo.InvariantCulture);
}

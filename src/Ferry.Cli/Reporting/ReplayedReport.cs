using Ferry.Cli.Documents;
using Ferry.Cli.Events;

namespace Ferry.Cli.Reporting;

/// <summary>The report that a log holds at its end, or as much of it as the events before tell.</summary>
internal static class ReplayedReport
{
    /// <summary>Where the machine runs, where the log does not say it.</summary>
    public const string Unknown = "unknown";

    /// <summary>The report of the migration that <paramref name="log"/> tells of.</summary>
    public static MigrationDocument Of(EventLog log) => log.End?.Report ?? Assemble(log);

    private static MigrationDocument Assemble(EventLog log)
    {
        var (rounds, end) = (log.Rounds.ToList(), log.End);
        var steps = log.Events.Select(each => each.Step).OfType<StepEvent>().ToList();
        var begins = log.Events.FirstOrDefault(each => each.Step is { Phase: "setup" })?.Seconds ?? 0;
        return new MigrationDocument
        {
            Verified = false,
            MemoryVerified = null,
            GuestVerified = null,
            RunsAt = RunsAtOf(end?.Outcome),
            Error = end is null ? "The log ends before the migration did." : end.Reason,
            Accelerator = log.Begin.Accelerator,
            MemoryBytes = log.Begin.MemoryBytes,
            Rounds = rounds.Count,
            Converged = false,
            SetupSeconds = steps.Where(step => step.Phase == "setup").Sum(step => step.Seconds),
            PopulateSeconds = 0,
            TotalSeconds = log.Events[^1].Seconds - begins,
            DowntimeSeconds = end?.DowntimeSeconds ?? 0,
            DowntimeParts = [.. MigrationCharts.DowntimeStepsOf(log).Select(step => new StepDocument(step.Name, step.Seconds))],
            SentBytes = end is { SentBytes: > 0 } ? end.SentBytes : rounds.Aggregate(0UL, (sum, round) => sum + round.SentBytes),
            SentPages = end is { SentPages: > 0 } ? end.SentPages : rounds.Aggregate(0UL, (sum, round) => sum + round.SentPages),
            ZeroPages = end is { ZeroPages: > 0 } ? end.ZeroPages : rounds.Aggregate(0UL, (sum, round) => sum + round.ZeroPages),
            BytesPerSecond = rounds.Count == 0 ? 0 : rounds[^1].BytesPerSecond,
            SourceCpuSeconds = 0,
            DestinationCpuSeconds = 0,
            SourceExtraRssBytes = 0,
            Trackers = [],
            Devices = [.. StatesOf(log)],
            Steps = [.. steps.GroupBy(step => (step.Phase, step.Name)).Select(group => new StepDocument(group.Key.Name, group.Sum(step => step.Seconds)))],
            RoundDetails = [.. rounds.Select(round => new RoundDocument(round.Round, round.DirtyPages, round.SentBytes, round.Seconds, round.BytesPerSecond))],
        };
    }

    private static string RunsAtOf(string? outcome) => outcome switch
    {
        "completed" or "running" => RunsAt.Destination,
        "rolled-back" or "discarded" => RunsAt.Source,
        "in-doubt" => RunsAt.InDoubt,
        _ => Unknown,
    };

    private static IEnumerable<DeviceDocument> StatesOf(EventLog log) => log.Events
        .Select(each => each.Device).OfType<DeviceEvent>().GroupBy(each => each.Id)
        .Select(group => new DeviceDocument(group.Key, [.. group.Select(each => each.State)], 0, 0));
}

using Ferry.Cli.Documents;
using Ferry.Linux.Vfio;
using Ferry.Migration.Reports;
using Ferry.Tracking;

namespace Ferry.Cli.Hosting;

/// <summary>The engine's reports as documents.</summary>
internal static class DocumentMapping
{
    /// <summary>A migration as the source knows it; what the guest found is not known to it.</summary>
    public static MigrationDocument Of(MigrationReport report) => new()
    {
        Verified = report.Outcome == MigrationOutcome.Completed && report.MemoryVerified == true,
        MemoryVerified = report.MemoryVerified,
        GuestVerified = null,
        RunsAt = report.Outcome switch
        {
            MigrationOutcome.Completed => RunsAt.Destination,
            MigrationOutcome.RolledBack => RunsAt.Source,
            _ => RunsAt.InDoubt,
        },
        Error = report.Reason,
        Accelerator = report.Accelerator,
        MemoryBytes = report.MemoryBytes,
        Rounds = report.Rounds.Count,
        Converged = report.Converged,
        SwitchoverReason = report.SwitchoverReason,
        SetupSeconds = report.Setup.TotalSeconds,
        PopulateSeconds = report.Populate.TotalSeconds,
        TotalSeconds = report.Total.TotalSeconds,
        DowntimeSeconds = report.Downtime.TotalSeconds,
        DowntimeParts = [.. report.DowntimeParts.Select(Of)],
        SentBytes = report.SentBytes,
        SentPages = report.SentPages,
        ZeroPages = report.ZeroPages,
        BytesPerSecond = report.BytesPerSecond,
        SourceCpuSeconds = report.SourceCpu.TotalSeconds,
        DestinationCpuSeconds = report.DestinationCpu.TotalSeconds,
        SourceExtraRssBytes = report.SourceExtraRssBytes,
        Trackers = [.. report.Trackers.Select(Of)],
        Devices = [.. report.Devices.Select(Of)],
        Steps = [.. report.Steps.Select(Of)],
        RoundDetails = [.. report.Rounds.Select(Of)],
    };

    /// <summary>How far a migration is.</summary>
    public static ProgressDocument Of(in MigrationProgress progress) => new(
        NameOf(progress),
        progress.Round,
        progress.RemainingPages * PageSize4K,
        progress.RoundPages * PageSize4K,
        progress.SentBytes,
        progress.BytesPerSecond,
        progress.Elapsed.TotalSeconds);

    /// <summary>What a device went through.</summary>
    public static DeviceDocument Of(DeviceReport device) =>
        new(device.Id, [.. device.States.Select(VfioMigrationNames.Of)], device.PreCopyBytes, device.StopCopyBytes);

    /// <summary>A precision as documents name it.</summary>
    public static string NameOf(TrackingPrecision precision) => precision switch
    {
        TrackingPrecision.Exact => "exact",
        TrackingPrecision.PinnedForWrite => "pinned-for-write",
        _ => "all-mapped",
    };

    private const ulong PageSize4K = 4096;

    private static TrackerDocument Of(TrackerReport tracker) => new(
        tracker.Name, tracker.Sources, tracker.PageSize.Bytes, NameOf(tracker.Precision), tracker.Reports, tracker.DirtyPages, tracker.ReportTime.TotalSeconds,
        tracker.Failures, tracker.LastFailure, tracker.Ended, tracker.AlonePages);

    private static StepDocument Of(StepReport step) => new(step.Name, step.Elapsed.TotalSeconds);

    private static RoundDocument Of(RoundReport round) => new(round.Round, round.DirtyPages, round.SentBytes, round.Elapsed.TotalSeconds, round.BytesPerSecond);

    private static string NameOf(in MigrationProgress progress) => progress.Phase switch
    {
        MigrationPhase.Waiting => "waiting",
        MigrationPhase.Handshake => "comparing the machines",
        MigrationPhase.Populate => $"the destination populates its memory, {Values.SizeText.ForPeople(progress.PopulatedBytes)}",
        MigrationPhase.Setup => "starting trackers",
        MigrationPhase.Rounds => progress.ThrottlePercent > 0 ? FormattableString.Invariant($"copying, vCPUs throttled by {progress.ThrottlePercent} %") : "copying",
        MigrationPhase.Switchover => "switching over",
        MigrationPhase.Verify => "comparing memory",
        MigrationPhase.Prepared => "handing over",
        MigrationPhase.Committed => "handed over",
        MigrationPhase.Settling => "asking which side runs",
        MigrationPhase.RollingBack => "rolling back",
        _ => "ended",
    };
}

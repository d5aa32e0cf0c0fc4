namespace Ferry.Bench.Profiles;

/// <summary>The costs that a profile holds, each with its unit. Those of a tracker are given for each provider and page size.</summary>
public static class CostNames
{
    /// <summary>Starting a tracker, in seconds.</summary>
    public const string StartSeconds = "start-seconds";

    /// <summary>Stopping a tracker of as much memory as was measured at most, in seconds.</summary>
    public const string StopSeconds = "stop-seconds";

    /// <summary>Stopping a tracker of no memory, in seconds.</summary>
    public const string StopSecondsFixed = "stop-seconds-fixed";

    /// <summary>What stopping costs more for each tracked byte of memory, in seconds.</summary>
    public const string StopSecondsPerMemoryByte = "stop-seconds-per-memory-byte";

    /// <summary>A report of nothing of no memory, in seconds: what it costs whatever there is to say.</summary>
    public const string ReportSecondsFixed = "report-seconds-fixed";

    /// <summary>What a report costs more for each tracked byte of memory, in seconds.</summary>
    public const string ReportSecondsPerMemoryByte = "report-seconds-per-memory-byte";

    /// <summary>What a report costs more for each page that it holds, a page of the tracking page size, in seconds.</summary>
    public const string ReportSecondsPerPage = "report-seconds-per-page";

    /// <summary>Pages reported for each page truly written, where pages are written far apart; at least 1 but for noise.</summary>
    public const string Amplification = "amplification";

    /// <summary>Progress of the device with the tracker over progress without; 1 for no slowdown.</summary>
    public const string DeviceProgressRatio = "device-progress-ratio";

    /// <summary>Progress of the guest with the tracker over progress without; 1 for no slowdown.</summary>
    public const string GuestProgressRatio = "guest-progress-ratio";

    /// <summary>Pages of memory that the engine sends over loopback, in bytes a second. Host's own.</summary>
    public const string CopyBytesPerSecond = "copy-bytes-per-second";

    /// <summary>What a migration takes beside the copying, in seconds. Host's own.</summary>
    public const string MigrationSecondsFixed = "migration-seconds-fixed";

    /// <summary>Downtime of a machine that wrote nothing, in seconds. Host's own.</summary>
    public const string SwitchoverSecondsFixed = "switchover-seconds-fixed";

    /// <summary>One write of the device that is as busy as it can be, in seconds, whatever its size.</summary>
    public const string DeviceWriteSeconds = "device-write-seconds";

    /// <summary>What it costs more for each byte, in seconds.</summary>
    public const string DeviceWriteSecondsPerByte = "device-write-seconds-per-byte";

    /// <summary>One page written by a guest that is as busy as it can be, in seconds.</summary>
    public const string GuestPageSeconds = "guest-page-seconds";

    /// <summary>Taking a device into its P2P state and back, in seconds. Host's own.</summary>
    public const string P2PSeconds = "p2p-seconds";

    /// <summary>Guest bytes that a first round copies a second, into memory that was never touched. Host's own.</summary>
    public const string FirstCopyBytesPerSecond = "first-copy-bytes-per-second";

    /// <summary>What a copy takes beside its bytes, in seconds. Host's own.</summary>
    public const string CopyTurnSeconds = "copy-turn-seconds";

    /// <summary>What the first round takes beside its copy and its reports, in seconds. Host's own.</summary>
    public const string FirstRoundSeconds = "first-round-seconds";

    /// <summary>What a later round takes beside them, in seconds. Host's own.</summary>
    public const string RoundSeconds = "round-seconds";

    /// <summary>What each device adds to a downtime by its arcs and its state's way, in seconds. Host's own.</summary>
    public const string DeviceSwitchoverSeconds = "device-switchover-seconds";

    /// <summary>What a device of the bench sends while it is stopped, in bytes. Host's own.</summary>
    public const string DeviceStateBytes = "device-state-bytes";

    /// <summary>What hashing takes in the downtime where it is asked for beside its bytes, in seconds. Host's own.</summary>
    public const string VerifySecondsFixed = "verify-seconds-fixed";

    /// <summary>What is hashed a second, in bytes of data. Host's own.</summary>
    public const string VerifyBytesPerSecond = "verify-bytes-per-second";

    /// <summary>Processor time of both sides for a migration that copies nothing, in seconds. Host's own.</summary>
    public const string CpuSecondsFixed = "cpu-seconds-fixed";

    /// <summary>Processor time of both sides for each byte that is copied, in seconds. Host's own.</summary>
    public const string CpuSecondsPerByte = "cpu-seconds-per-byte";

    /// <summary>The part of their work that guest and devices still do while a first round runs; 1 where none is lost. Host's own.</summary>
    public const string FirstWorkPart = "first-work-part";

    /// <summary>The same for later rounds. Host's own.</summary>
    public const string WorkPart = "work-part";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        StartSeconds, StopSeconds, StopSecondsFixed, StopSecondsPerMemoryByte, ReportSecondsFixed, ReportSecondsPerMemoryByte, ReportSecondsPerPage, Amplification, DeviceProgressRatio,
        GuestProgressRatio, CopyBytesPerSecond, MigrationSecondsFixed, SwitchoverSecondsFixed, DeviceWriteSeconds,
        DeviceWriteSecondsPerByte, GuestPageSeconds, P2PSeconds, FirstCopyBytesPerSecond, CopyTurnSeconds, FirstRoundSeconds, RoundSeconds,
        DeviceSwitchoverSeconds, DeviceStateBytes, CpuSecondsFixed, CpuSecondsPerByte, FirstWorkPart, WorkPart, VerifySecondsFixed, VerifyBytesPerSecond,
    ];

    /// <summary>Those that are 1 where there is no effect; all others are 0 there.</summary>
    public static IReadOnlyList<string> Ratios { get; } = [Amplification, DeviceProgressRatio, GuestProgressRatio, FirstWorkPart, WorkPart];
}

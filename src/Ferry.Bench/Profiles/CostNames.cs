namespace Ferry.Bench.Profiles;

/// <summary>The costs that a profile holds, each with its unit. Those of a tracker are given for each provider and page size.</summary>
public static class CostNames
{
    /// <summary>Starting a tracker, in seconds.</summary>
    public const string StartSeconds = "start-seconds";

    /// <summary>Stopping a tracker, in seconds.</summary>
    public const string StopSeconds = "stop-seconds";

    /// <summary>A report of nothing of no memory, in seconds: what it costs whatever there is to say.</summary>
    public const string ReportSecondsFixed = "report-seconds-fixed";

    /// <summary>What a report costs more for each tracked byte of memory, in seconds.</summary>
    public const string ReportSecondsPerMemoryByte = "report-seconds-per-memory-byte";

    /// <summary>What a report costs more for each 4 KiB page truly written, in seconds.</summary>
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

    /// <summary>Allocation of memory that was never touched, in bytes a second. Host's own.</summary>
    public const string PopulateBytesPerSecond = "populate-bytes-per-second";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        StartSeconds, StopSeconds, ReportSecondsFixed, ReportSecondsPerMemoryByte, ReportSecondsPerPage, Amplification, DeviceProgressRatio,
        GuestProgressRatio, CopyBytesPerSecond, MigrationSecondsFixed, SwitchoverSecondsFixed, PopulateBytesPerSecond,
    ];
}

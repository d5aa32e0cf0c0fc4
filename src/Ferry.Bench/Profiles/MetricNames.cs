namespace Ferry.Bench.Profiles;

/// <summary>The quantities that samples hold, each with its unit.</summary>
public static class MetricNames
{
    /// <summary>From the call of start until tracking holds, in seconds.</summary>
    public const string StartSeconds = "start-seconds";

    /// <summary>One report of all tracked memory, in seconds, with the take that follows where a tracker forgets late.</summary>
    public const string ReportSeconds = "report-seconds";

    /// <summary>Stopping, in seconds.</summary>
    public const string StopSeconds = "stop-seconds";

    /// <summary>4 KiB pages truly written before a report.</summary>
    public const string PagesWritten = "pages-written";

    /// <summary>4 KiB pages that the report held.</summary>
    public const string PagesReported = "pages-reported";

    /// <summary>Bytes that would be sent for what a report held.</summary>
    public const string BytesToSend = "bytes-to-send";

    /// <summary>What the device writes, in bytes a second.</summary>
    public const string DeviceBytesPerSecond = "device-bytes-per-second";

    /// <summary>One write of the device, in seconds.</summary>
    public const string DeviceWriteSeconds = "device-write-seconds";

    /// <summary>Pages that the guest's program writes a second.</summary>
    public const string GuestPagesPerSecond = "guest-pages-per-second";

    /// <summary>Time of a whole migration, in seconds.</summary>
    public const string TotalSeconds = "total-seconds";

    /// <summary>Downtime of a whole migration, in seconds.</summary>
    public const string DowntimeSeconds = "downtime-seconds";

    /// <summary>Bytes that a whole migration sent.</summary>
    public const string SentBytes = "sent-bytes";

    /// <summary>Taking a device into its P2P state and back, in seconds.</summary>
    public const string P2PSeconds = "p2p-seconds";

    /// <summary>Guest bytes that the first round of a whole migration copied a second, into memory that was never touched.</summary>
    public const string FirstCopyBytesPerSecond = "first-copy-bytes-per-second";

    /// <summary>Guest bytes that later rounds copied a second, where they had enough to copy.</summary>
    public const string CopyBytesPerSecond = "copy-bytes-per-second";

    /// <summary>What a copy of a few pages took beside its bytes, in seconds.</summary>
    public const string CopyTurnSeconds = "copy-turn-seconds";

    /// <summary>What the first round took beside its copy and its reports, in seconds.</summary>
    public const string FirstRoundExtraSeconds = "first-round-extra-seconds";

    /// <summary>What later rounds took beside their copies and their reports, in seconds.</summary>
    public const string RoundExtraSeconds = "round-extra-seconds";

    /// <summary>Downtime beside copy, reports, devices and hashes, in seconds.</summary>
    public const string SwitchoverSeconds = "switchover-seconds";

    /// <summary>Downtime for one device's arcs and its state's way, in seconds.</summary>
    public const string DeviceSwitchoverSeconds = "device-switchover-seconds";

    /// <summary>What hashing took in the downtime, its constant part and all, in bytes of data a second.</summary>
    public const string VerifyBytesPerSecond = "verify-bytes-per-second";

    /// <summary>What devices sent while they were stopped, in bytes.</summary>
    public const string DeviceStateBytes = "device-state-bytes";

    /// <summary>Processor time of both sides of a whole migration, in seconds.</summary>
    public const string CpuSeconds = "cpu-seconds";

    /// <summary>The part of their work that guest and device did while the first round ran; 0 to 1.</summary>
    public const string FirstWorkPart = "first-work-part";

    /// <summary>The same for later rounds.</summary>
    public const string WorkPart = "work-part";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        StartSeconds, ReportSeconds, StopSeconds, PagesWritten, PagesReported, BytesToSend, DeviceBytesPerSecond, DeviceWriteSeconds,
        GuestPagesPerSecond, TotalSeconds, DowntimeSeconds, SentBytes, P2PSeconds, FirstCopyBytesPerSecond,
        CopyBytesPerSecond, CopyTurnSeconds, FirstRoundExtraSeconds, RoundExtraSeconds, SwitchoverSeconds, DeviceSwitchoverSeconds, DeviceStateBytes, CpuSeconds,
        FirstWorkPart, WorkPart, VerifyBytesPerSecond,
    ];
}

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

    /// <summary>Allocation of memory that was never touched, in bytes a second.</summary>
    public const string PopulateBytesPerSecond = "populate-bytes-per-second";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        StartSeconds, ReportSeconds, StopSeconds, PagesWritten, PagesReported, BytesToSend, DeviceBytesPerSecond, DeviceWriteSeconds,
        GuestPagesPerSecond, TotalSeconds, DowntimeSeconds, SentBytes, PopulateBytesPerSecond,
    ];
}

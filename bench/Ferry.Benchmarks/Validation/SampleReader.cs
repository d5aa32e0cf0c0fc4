using System.Text.Json;
using Ferry.Bench.Validation;

namespace Ferry.Benchmarks.Validation;

/// <summary>Makes a sample of what <c>ferry demo --json</c> printed.</summary>
internal static class SampleReader
{
    internal static MigrationSample Read(ValidationCase of, JsonElement report, double load) => new(of.Name)
    {
        Group = of.Group,
        LoadAverage = load,
        Workload = of.Workload,
        Policy = of.Policy,
        Link = of.Link,
        TotalSeconds = Number(report, "totalSeconds"),
        DowntimeSeconds = Number(report, "downtimeSeconds"),
        DowntimeParts = [.. report.GetProperty("downtimeParts").EnumerateArray().Select(part => KeyValuePair.Create(part.GetProperty("name").GetString()!, Number(part, "seconds")))],
        SentBytes = Number(report, "sentBytes"),
        CpuSeconds = Number(report, "sourceCpuSeconds") + Number(report, "destinationCpuSeconds"),
        DeviceStateBytes = report.GetProperty("devices").EnumerateArray().Sum(device => Number(device, "stopCopyBytes")),
        Rounds = [.. report.GetProperty("roundDetails").EnumerateArray().Select(round => new MeasuredRound(Number(round, "sentBytes"), Number(round, "seconds"), Number(round, "bytesPerSecond")))],
        ReportSeconds = report.GetProperty("trackers").EnumerateArray().ToDictionary(
            tracker => $"{tracker.GetProperty("name").GetString()} {tracker.GetProperty("pageSizeBytes").GetUInt64() / 1024}K",
            tracker => Number(tracker, "reportSeconds") / Math.Max(1, Number(tracker, "reports"))),
    };

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();
}

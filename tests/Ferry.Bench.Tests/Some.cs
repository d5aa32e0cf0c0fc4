using Ferry.Bench.Profiles;

namespace Ferry.Bench.Tests;

/// <summary>Profiles for tests.</summary>
internal static class Some
{
    public static readonly HostFacts Host = HostReader.Create("6.12.0", "cpu", 2, 16UL << 30, "kvm");

    public static CostSample Sample(string provider = "device", params double[] seconds) => new()
    {
        Experiment = ExperimentNames.Report,
        Dimensions = new()
        {
            Provider = provider,
            PageSizeBytes = 65536,
            MemoryBytes = 1 << 30,
            WorkingSetBytes = 64 << 20,
            Pattern = AccessPattern.Skewed,
            RangeCount = 4,
            DataBytes = 4096,
            GuestWorkingSetBytes = 4096,
            Link = "1Gbps",
        },
        Measures = [new() { Metric = MetricNames.ReportSeconds, Values = seconds.Length > 0 ? seconds : [0.25, 0.5, 0.75] }],
    };

    public static CostProfile Profile(params CostSample[] samples) => new()
    {
        FerryVersion = "0.1.0",
        CreatedAt = DateTimeOffset.UnixEpoch,
        Host = Host,
        Notes = ["a note"],
        Samples = samples.Length > 0 ? samples : [Sample()],
        Costs = [new() { Name = CostNames.StartSeconds, Provider = "device", PageSizeBytes = 65536, Value = 0.125, Error = 0.5, Count = 3 }],
    };
}

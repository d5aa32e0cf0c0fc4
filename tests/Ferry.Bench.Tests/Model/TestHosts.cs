using Ferry.Bench.Advice;
using Ferry.Bench.Model;
using Ferry.Migration.Planning;

namespace Ferry.Bench.Tests.Model;

/// <summary>Hosts and machines with round figures.</summary>
internal static class TestHosts
{
    internal const double MiB = 1 << 20, GiB = 1 << 30;

    /// <summary>1 GiB/s, and nothing costs anything else.</summary>
    internal static EngineCosts Plain => new() { CopyBytesPerSecond = GiB, MostCopyBytesPerSecond = GiB };

    internal static LinkCosts FreeLink => new(double.PositiveInfinity, 0);

    internal static ProviderCosts Free(ulong pageBytes = 4096) => new("device", pageBytes);

    internal static Workload MachineWith(params WriterLoad[] writers) => new() { MemoryBytes = 4 * GiB, DataBytes = GiB, Writers = writers };

    internal static WriterLoad Vcpus(double workingSetMiB, double dirtyMiB) =>
        new(WriterLoad.Vcpus) { WorkingSetBytes = workingSetMiB * MiB, DirtyBytesPerSecond = dirtyMiB * MiB };

    internal static PolicyChoice Policy(params (string Source, ProviderCosts Costs)[] trackers) =>
        new() { Trackers = [.. trackers.Select(each => new TrackedWriter(each.Source, each.Costs, P2PSyncPolicy.Never))], Channels = 1 };

    /// <summary>An RDMA device of which the fine log costs 8 % of its work and the coarse one 1 %, on a host that keeps up with a fast link.</summary>
    internal static AdviceQuestion Rdma(double linkBitsPerSecond) => new()
    {
        Workload = new Workload
        {
            MemoryBytes = 16 * GiB,
            DataBytes = 8 * GiB,
            Writers = [new WriterLoad("mlx0") { WorkingSetBytes = GiB, DirtyBytesPerSecond = 60 * MiB }],
        },
        Engine = new EngineCosts { CopyBytesPerSecond = 25e9, MostCopyBytesPerSecond = 50e9, SwitchoverSeconds = 0.01, CpuSecondsPerByte = 1e-10 },
        Link = new LinkCosts(linkBitsPerSecond / 8, 20e-6),
        Sources =
        [
            new SourceOptions("mlx0",
            [
                new ProviderCosts("device", 4096) { Slowdown = 0.08, ReportSecondsPerPage = 50e-9, ReportSeconds = 1e-3 },
                new ProviderCosts("device", 65536) { Slowdown = 0.01, ReportSecondsPerPage = 50e-9, ReportSeconds = 5e-4 },
            ]),
        ],
        Limits = new AdviceLimits { DowntimeSeconds = 0.3 },
    };
}

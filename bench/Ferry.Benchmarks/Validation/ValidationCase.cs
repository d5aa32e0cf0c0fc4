using System.Globalization;
using Ferry.Bench.Model;
using Ferry.Bench.Validation;
using Ferry.Migration.Convergence;
using Ferry.Migration.Planning;

namespace Ferry.Benchmarks.Validation;

/// <summary>A migration to measure: the options of <c>ferry demo</c>, and the same for the model.</summary>
internal sealed record ValidationCase
{
    private const double MiB = 1 << 20;

    /// <summary>How long <c>ferry demo</c> is told to wait before it moves the machine.</summary>
    private const double WarmUpSeconds = 1;

    /// <summary>The policies that are tried for each workload: who tracks the device, at what page size.</summary>
    private static readonly (string Tracker, int PageKiB)[] Tried = [("device", 4), ("device", 64), ("device", 2048), ("mediated", 4), ("iotable", 4)];

    internal required int MemoryMiB { get; init; }

    internal required int FillMiB { get; init; }

    internal required int WorkingSetMiB { get; init; }

    internal required int DirtyMiB { get; init; }

    internal required int NicMiB { get; init; }

    internal required int NicMemoryMiB { get; init; }

    internal required int MessageKiB { get; init; }

    internal required int BandwidthMiB { get; init; }

    internal required int DowntimeMs { get; init; }

    internal required int Channels { get; init; }

    internal required string VcpuTracker { get; init; }

    private bool Verify { get; init; }

    private string Tracker { get; init; } = Tried[0].Tracker;

    private int PageKiB { get; init; } = Tried[0].PageKiB;

    /// <summary>What tells its workload from others.</summary>
    internal string Group => string.Create(
        CultureInfo.InvariantCulture,
        $"{MemoryMiB}M, {FillMiB}M data, {VcpuTracker} {DirtyMiB} of {WorkingSetMiB}M, NIC {NicMiB} of {NicMemoryMiB}M by {MessageKiB}K, {(BandwidthMiB == 0 ? "free link" : $"{BandwidthMiB}M/s")} by {Channels}, {DowntimeMs} ms{(Verify ? ", verified" : "")}");

    /// <summary>What tells it from others.</summary>
    internal string Name => $"{Group}: {Tracker} {PageKiB}K";

    /// <summary>A workload of a seeded series; each draws from all dimensions.</summary>
    internal static ValidationCase Draw(Random random)
    {
        // Nearly as much as the link carries, too: there it matters by how little a tracker reports more.
        var bandwidth = Pick(random, 0, 24, 32, 48, 64, 96, 96, 128, 192);
        var most = bandwidth == 0 ? 96 : bandwidth * Pick(random, 2, 5, 7, 8, 9) / 20;
        return new ValidationCase
        {
            MemoryMiB = Pick(random, 256, 384, 512, 768),
            FillMiB = Pick(random, 16, 32, 64, 96, 128),
            WorkingSetMiB = Pick(random, 8, 16, 32, 64),
            DirtyMiB = Math.Min(most, Pick(random, 1, 2, 4, 8, 16, 32)),
            NicMiB = Math.Min(most, Pick(random, 2, 4, 8, 16, 24, 48, 96)),
            NicMemoryMiB = Pick(random, 4, 16, 32, 64),
            MessageKiB = Pick(random, 4, 4, 16, 64),
            BandwidthMiB = bandwidth,
            DowntimeMs = Pick(random, 50, 100, 150, 300, 500),
            Channels = Pick(random, 1, 2),
            VcpuTracker = Pick(random, 0, 1) == 0 ? "kvm-log" : "kvm-ring",
            Verify = Pick(random, 0, 0, 0, 1) == 1,
        };
    }

    /// <summary>The same workload under each policy that is tried.</summary>
    internal IEnumerable<ValidationCase> Policies() => Tried.Select(each => this with { Tracker = each.Tracker, PageKiB = each.PageKiB });

    /// <summary>The arguments of <c>ferry</c>.</summary>
    internal string[] Arguments() =>
    [
        "demo", "--json", "--memory", $"{MemoryMiB}M", "--fill", $"mixed:{FillMiB}M", "--working-set", $"{WorkingSetMiB}M", "--dirty-rate", $"{DirtyMiB}M",
        "--nic-rate", $"{NicMiB}M", "--nic-working-set", $"{NicMemoryMiB}M", "--nic-message", $"{MessageKiB}K", "--nic-page-size", $"{PageKiB}K",
        "--nic-dma", Tracker == "mediated" ? "mediated" : "shared", "--tracker-devices", Tracker, .. Tracker.StartsWith("iotable", StringComparison.Ordinal) ? ["--nic-page-table"] : Array.Empty<string>(), "--tracker-vcpus", VcpuTracker, "--downtime", $"{DowntimeMs}ms",
        "--channels", Channels.ToString(CultureInfo.InvariantCulture), "--warm-up", string.Create(CultureInfo.InvariantCulture, $"{WarmUpSeconds}s"), Verify ? "--verify" : "--no-verify",
        .. BandwidthMiB == 0 ? Array.Empty<string>() : ["--bandwidth", $"{BandwidthMiB}M"],
    ];

    /// <summary>The machine as the model takes it.</summary>
    internal Workload Workload => new DemoMachine(MemoryMiB * MiB, FillMiB * MiB, WarmUpSeconds)
    {
        GuestWorkingSetBytes = WorkingSetMiB * MiB,
        GuestBytesPerSecond = DirtyMiB * MiB,
        DeviceWorkingSetBytes = NicMemoryMiB * MiB,
        DeviceBytesPerSecond = NicMiB * MiB,
        MessageBytes = MessageKiB * 1024,
    }.Workload;

    /// <summary>The policy as the model takes it; the trackers' costs are fitted.</summary>
    internal PolicyChoice Policy => new()
    {
        Trackers =
        [
            new TrackedWriter(WriterLoad.Vcpus, new ProviderCosts(VcpuTracker, 4096), P2PSyncPolicy.Never),
            new TrackedWriter(DemoMachine.Device, new ProviderCosts(Tracker, (ulong)PageKiB * 1024), P2PSyncPolicy.NearEnd),
        ],
        Channels = Channels,
        Verify = Verify,
        Convergence = new ConvergenceOptions { DowntimeLimit = TimeSpan.FromMilliseconds(DowntimeMs), MaxRounds = 30, StretchCeiling = TimeSpan.FromSeconds(3) },
    };

    /// <summary>The link as the model takes it.</summary>
    internal LinkCosts Link => new(BandwidthMiB == 0 ? double.PositiveInfinity : BandwidthMiB * MiB, 0) { BurstSeconds = LinkCosts.EngineBurstSeconds };

    private static int Pick(Random random, params int[] values) => values[random.Next(values.Length)];
}

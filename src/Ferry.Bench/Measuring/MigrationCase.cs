using Ferry.Bench.Advice;
using Ferry.Bench.Model;
using Ferry.Bench.Profiles;
using Ferry.Migration.Convergence;
using Ferry.Migration.Planning;

namespace Ferry.Bench.Measuring;

/// <summary>A whole migration that a bench makes: the same for who carries it out, and for the model that predicts it.</summary>
/// <param name="Dimensions">The point; its tracker is the device's.</param>
/// <param name="VcpuTracker">Who tracks the vCPUs.</param>
internal sealed record MigrationCase(SampleDimensions Dimensions, string VcpuTracker)
{
    /// <summary>The device's name in it.</summary>
    public const string Device = "nic0";

    /// <summary>The streams.</summary>
    public const int Channels = 2;

    /// <summary>What a shaped link carries after a pause beyond its rate, in seconds of it.</summary>
    public const double LinkBurstSeconds = 0.004;

    // What of an Ethernet frame of 1500 bytes and its header is TCP's load, with timestamps: a link's rate counts all of it.
    private const double LoadPart = 1448.0 / 1514;

    /// <summary>The memory of the guest's program beside what it works on, in bytes.</summary>
    private const double ProgramBytes = 1 << 20;

    /// <summary>How long guest and device work before the machine is moved.</summary>
    public static TimeSpan WarmUp { get; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The limit of downtime.</summary>
    public static TimeSpan Downtime { get; } = TimeSpan.FromMilliseconds(300);

    // Setting up a machine takes about as long, and the device works from the beginning.
    private static readonly TimeSpan SetUp = TimeSpan.FromSeconds(1);

    /// <summary>What tells it from others.</summary>
    public string Name => $"{Dimensions.Provider} {Dimensions.PageSizeBytes / 1024}K over {Dimensions.Link ?? "loopback"}";

    /// <summary>The machine, as the model takes it.</summary>
    public Workload Workload => new()
    {
        MemoryBytes = Dimensions.MemoryBytes,
        DataBytes = Math.Min(Dimensions.MemoryBytes, Dimensions.DataBytes + Dimensions.GuestWorkingSetBytes + Reached + ProgramBytes),
        Writers =
        [
            new WriterLoad(WriterLoad.Vcpus) { WorkingSetBytes = Dimensions.GuestWorkingSetBytes, DirtyBytesPerSecond = Dimensions.GuestDirtyBytesPerSecond },
            new WriterLoad(Device)
            {
                WorkingSetBytes = Dimensions.WorkingSetBytes,
                DirtyBytesPerSecond = Dimensions.DirtyBytesPerSecond ?? 0,
                WriteBytes = Dimensions.MessageBytes,
                Pattern = Dimensions.Pattern,
            },
        ],
    };

    /// <summary>The link, as the model takes it.</summary>
    public LinkCosts Link => new(Dimensions.Link is { } link ? LinkNames.All[link] * LoadPart : double.PositiveInfinity, 0) { BurstSeconds = Dimensions.Link is null ? 0 : LinkBurstSeconds };

    // What the device wrote before it was moved: the rest of its working set holds no data yet.
    private double Reached => Math.Min(Dimensions.WorkingSetBytes, (Dimensions.DirtyBytesPerSecond ?? 0) * (WarmUp + SetUp).TotalSeconds);

    /// <summary>The policy, as the model takes it.</summary>
    /// <param name="vcpus">What tracking the vCPUs costs.</param>
    /// <param name="device">What tracking the device costs.</param>
    public PolicyChoice Policy(ProviderCosts vcpus, ProviderCosts device) => new()
    {
        Verify = Dimensions.Verify,
        Trackers = [new TrackedWriter(WriterLoad.Vcpus, vcpus, P2PSyncPolicy.Never), new TrackedWriter(Device, device, P2PSyncPolicy.NearEnd)],
        Channels = Channels,
        Convergence = new ConvergenceOptions { DowntimeLimit = Downtime, MaxRounds = 30, StretchCeiling = TimeSpan.FromSeconds(3) },
    };

    /// <summary>What the model expects of it by a profile's costs.</summary>
    /// <exception cref="ProfileException">The profile lacks one that it needs.</exception>
    public Prediction Predict(ProfileCosts costs)
    {
        ArgumentNullException.ThrowIfNull(costs);
        var policy = Policy(costs.Tracker(VcpuTracker, (ulong)DirtyGrowth.LeastPageBytes, isDevice: false), costs.Tracker(Dimensions.Provider, Dimensions.PageSizeBytes, isDevice: true));
        return new PreCopyModel(costs.Engine(), Link).Predict(Workload with { DeviceStateBytes = costs.DeviceStateBytes }, policy);
    }
}

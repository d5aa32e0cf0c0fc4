using Ferry.Bench.Advice;
using Ferry.Bench.Model;
using Ferry.Bench.Profiles;
using Ferry.Bench.Validation;
using Ferry.Migration.Convergence;
using Ferry.Migration.Planning;

namespace Ferry.Bench.Measuring;

/// <summary>A whole migration that a bench makes: the same for who carries it out, and for the model that predicts it.</summary>
/// <param name="Dimensions">The point; its tracker is the device's.</param>
/// <param name="VcpuTracker">Who tracks the vCPUs.</param>
internal sealed record MigrationCase(SampleDimensions Dimensions, string VcpuTracker)
{
    /// <summary>The streams.</summary>
    public const int Channels = 2;

    /// <summary>What a shaped link carries after a pause beyond its rate, in seconds of it.</summary>
    public const double LinkBurstSeconds = 0.004;

    // What of an Ethernet frame of 1500 bytes and its header is TCP's load, with timestamps: a link's rate counts all of it.
    private const double LoadPart = 1448.0 / 1514;

    /// <summary>How long guest and device work before the machine is moved.</summary>
    public static TimeSpan WarmUp { get; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The limit of downtime: low, so that a migration over a slow link has rounds of all lengths.</summary>
    public static TimeSpan Downtime { get; } = TimeSpan.FromMilliseconds(50);

    /// <summary>What tells it from others.</summary>
    public string Name => $"{Dimensions.Provider} {Dimensions.PageSizeBytes / 1024}K {Dimensions.Way}";

    /// <summary>The machine, as the model takes it.</summary>
    public Workload Workload => new DemoMachine(Dimensions.MemoryBytes, Dimensions.DataBytes, WarmUp.TotalSeconds)
    {
        GuestWorkingSetBytes = Dimensions.GuestWorkingSetBytes,
        GuestBytesPerSecond = Dimensions.GuestDirtyBytesPerSecond,
        DeviceWorkingSetBytes = Dimensions.WorkingSetBytes,
        DeviceBytesPerSecond = Dimensions.DirtyBytesPerSecond ?? 0,
        MessageBytes = Dimensions.MessageBytes,
    }.Workload;

    /// <summary>The link, as the model takes it.</summary>
    public LinkCosts Link => Dimensions switch
    {
        { LimitBytesPerSecond: { } limit } => new(limit, 0) { BurstSeconds = LinkCosts.EngineBurstSeconds },
        { Link: { } link } => new(LinkNames.All[link] * LoadPart, 0) { BurstSeconds = LinkBurstSeconds },
        _ => new(double.PositiveInfinity, 0),
    };

    /// <summary>The policy, as the model takes it.</summary>
    /// <param name="vcpus">What tracking the vCPUs costs.</param>
    /// <param name="device">What tracking the device costs.</param>
    public PolicyChoice Policy(ProviderCosts vcpus, ProviderCosts device) => new()
    {
        Verify = Dimensions.Verify,
        Trackers = [new TrackedWriter(WriterLoad.Vcpus, vcpus, P2PSyncPolicy.Never), new TrackedWriter(DemoMachine.Device, device, P2PSyncPolicy.NearEnd)],
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

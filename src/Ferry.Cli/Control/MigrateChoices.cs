using System.Numerics;
using Ferry.Cli.Values;

namespace Ferry.Cli.Control;

/// <summary>What the members of a <see cref="MigrateRequest"/> may be.</summary>
internal static class MigrateChoices
{
    /// <summary>What a stall may lead to.</summary>
    public static string[] OnStall { get; } = ["stop", "fail", "throttle", "stretch"];

    /// <summary>How pages may be compressed.</summary>
    public static string[] Compress { get; } = ["none", "lz4", "zstd"];

    /// <summary>When the destination may populate its memory.</summary>
    public static string[] Populate { get; } = [PopulateBefore, "beside", "none"];

    /// <summary>The choice by which all memory is present before the first round; the demo's source then populates its own as well.</summary>
    public const string PopulateBefore = "before";

    /// <summary>What may track the vCPUs.</summary>
    public static string[] TrackerVcpus { get; } = ["kvm-log", "kvm-ring", "process", "all"];

    /// <summary>What may track devices.</summary>
    public static string[] TrackerDevices { get; } = ["device", "all"];

    /// <summary>Checks everything that can be checked without the machine.</summary>
    /// <exception cref="ControlException">A member makes no sense; the message names it and its limit.</exception>
    public static void Validate(MigrateRequest request)
    {
        CheckChoice("on-stall", request.OnStall, OnStall);
        CheckChoice("compress", request.Compress, Compress);
        CheckChoice("populate", request.Populate, Populate);
        CheckChoice("tracker-vcpus", request.TrackerVcpus ?? TrackerVcpus[0], TrackerVcpus);
        CheckChoice("tracker-devices", request.TrackerDevices, TrackerDevices);
        CheckRange("channels", request.Channels, 1, 16);
        CheckRange("max-rounds", request.MaxRounds, 1, 10_000);
        CheckRange("settle-time", request.SettleSeconds, 1, 3600);
        CheckRange("downtime", request.DowntimeSeconds, 0.001, 3600);
        CheckRange("max-downtime", request.MaxDowntimeSeconds, request.DowntimeSeconds, 3600);
        CheckRange("max-time", request.MaxSeconds, 0.001, 1e6);
        if (request.BandwidthBytesPerSecond is 0 or > long.MaxValue)
        {
            throw new ControlException(ControlErrors.BadRequest, $"bandwidth: {request.BandwidthBytesPerSecond} is not from 1 to {long.MaxValue}; leave it out, or say max, for no limit");
        }

        if (request.DevicePageSizeBytes is not 0 and (< 4096 or > 1UL << 30) || BitOperations.PopCount(request.DevicePageSizeBytes) > 1)
        {
            throw new ControlException(ControlErrors.BadRequest, $"nic-page-size: {SizeText.Exact(request.DevicePageSizeBytes)} is no power of two from 4K to 1G");
        }
    }

    private static void CheckChoice(string name, string value, string[] choices)
    {
        if (!choices.Contains(value))
        {
            throw new ControlException(ControlErrors.BadRequest, $"{name}: unknown value; {NearestName.Suggest(value, choices)}");
        }
    }

    private static void CheckRange(string name, double value, double least, double most)
    {
        // Written so that no number (NaN) fails too.
        if (!(value >= least && value <= most))
        {
            throw new ControlException(ControlErrors.BadRequest, FormattableString.Invariant($"{name}: {value} is not from {least} to {most}"));
        }
    }
}

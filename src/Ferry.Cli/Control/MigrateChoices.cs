using System.Numerics;
using Ferry.Cli.Policies;
using Ferry.Cli.Values;

namespace Ferry.Cli.Control;

/// <summary>What the members of a <see cref="MigrateRequest"/> may be.</summary>
internal static class MigrateChoices
{
    private const int MostRules = 80;

    /// <summary>What a stall may lead to.</summary>
    public static string[] OnStall { get; } = ["stop", "fail", "throttle", "stretch"];

    /// <summary>How pages may be compressed.</summary>
    public static string[] Compress { get; } = ["none", "lz4", "zstd"];

    /// <summary>When the destination may populate its memory.</summary>
    public static string[] Populate { get; } = [PopulateBefore, "beside", "none"];

    /// <summary>The choice by which all memory is present before the first round; the demo's source then populates its own as well.</summary>
    public const string PopulateBefore = "before";

    /// <summary>Checks everything that can be checked without the machine.</summary>
    /// <exception cref="ControlException">A member makes no sense; the message names it and its limit.</exception>
    public static void Validate(MigrateRequest request)
    {
        CheckChoice("on-stall", request.OnStall, OnStall);
        CheckChoice("compress", request.Compress, Compress);
        CheckChoice("populate", request.Populate, Populate);
        CheckChoice("grace", request.Grace, PolicyChoices.Grace);
        CheckRange("channels", request.Channels, 1, 16);
        CheckRange("max-rounds", request.MaxRounds, 1, 10_000);
        CheckRange("settle-time", request.SettleSeconds, 1, 3600);
        CheckRange("downtime", request.DowntimeSeconds, 0.001, 3600);
        CheckRange("switchover", request.SwitchoverSeconds, 0, 3600);
        if (request.SwitchoverSeconds > request.DowntimeSeconds)
        {
            throw new ControlException(
                ControlErrors.BadRequest,
                FormattableString.Invariant($"switchover: {request.SwitchoverSeconds} s is more than the downtime, {request.DowntimeSeconds} s, of which it is a part; lower it by --switchover or limits.switchover of the policy, or raise the downtime"));
        }

        CheckRange("max-downtime", request.MaxDowntimeSeconds, request.DowntimeSeconds, 3600);
        CheckRange("max-time", request.MaxSeconds, 0.001, 1e6);
        if (request.BandwidthBytesPerSecond is 0 or > long.MaxValue)
        {
            throw new ControlException(ControlErrors.BadRequest, $"bandwidth: {request.BandwidthBytesPerSecond} is not from 1 to {long.MaxValue}; leave it out, or say max, for no limit");
        }

        if (request.Rules.Count > MostRules)
        {
            throw new ControlException(ControlErrors.BadRequest, $"rules: {request.Rules.Count} are more than {MostRules}");
        }

        foreach (var rule in request.Rules)
        {
            Validate(rule);
        }
    }

    private static void Validate(SourceRule rule)
    {
        foreach (var name in rule.With ?? [])
        {
            CheckChoice("with", name, PolicyChoices.Trackers);
        }

        CheckRange("with", rule.With?.Count ?? 1, 1, PolicyChoices.Trackers.Length);
        CheckRange("source", rule.Source?.Length ?? 1, 1, 64);
        CheckChoice("combine", rule.Combine ?? PolicyChoices.First, PolicyChoices.Combine);
        CheckChoice("fallback", rule.Fallback ?? PolicyChoices.Next, [.. PolicyChoices.Fallback, .. PolicyChoices.Trackers]);
        CheckChoice("quiesce", rule.Quiesce ?? PolicyChoices.Normal, PolicyChoices.Quiesce);
        if (rule.Sync is { } sync && !PolicyChoices.TryParseSync(sync, out _))
        {
            throw new ControlException(ControlErrors.BadRequest, $"sync: unknown value; {NearestName.Suggest(sync, PolicyChoices.Sync)}");
        }

        CheckPageSize("page-size", rule.PageSizeBytes ?? 0);
    }

    /// <summary>Checks a tracking page size; 0 stands for the finest.</summary>
    /// <exception cref="ControlException">It is none.</exception>
    public static void CheckPageSize(string name, ulong bytes)
    {
        if (bytes is not 0 and (< 4096 or > 1UL << 30) || BitOperations.PopCount(bytes) > 1)
        {
            throw new ControlException(ControlErrors.BadRequest, $"{name}: {SizeText.Exact(bytes)} is no power of two from 4K to 1G");
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

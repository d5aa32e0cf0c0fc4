using System.Globalization;
using Ferry.Cli.Documents;
using Ferry.Cli.Values;

namespace Ferry.Cli.Policies;

/// <summary>A policy as its own file could have it, every key with its value and where that comes from.</summary>
internal static class PolicyDescription
{
    private const string AnyDevice = "*";

    /// <summary>Describes <paramref name="policy"/>, without a machine: for the vCPUs, each device that is named, and any other.</summary>
    public static PolicyDocument Of(Policy policy)
    {
        string[] devices = [.. policy.Request.Rules.Select(rule => rule.Source).OfType<string>().Where(source => source != "vcpus").Distinct(), AnyDevice];
        return new PolicyDocument(
            [.. Values(policy).Select(pair => new SettingDocument(pair.Key, pair.Value, policy.Origins.GetValueOrDefault(pair.Key, "default")))],
            [
                Describe(SourceSettings.Resolve(policy.Request.Rules, "vcpus", isDevice: false), isDevice: false),
                .. devices.Select(device => Describe(SourceSettings.Resolve(policy.Request.Rules, device, isDevice: true), isDevice: true)),
            ]);
    }

    private static IEnumerable<(string Key, string Value)> Values(Policy policy)
    {
        var request = policy.Request;
        return
        [
            ("sequence.tracking", Of(request.Tracking)),
            ("sequence.pre-copy", Of(request.PreCopy)),
            ("sequence.cross-check", Of(request.CrossCheck)),
            ("sequence.grace", request.Grace),
            ("limits.downtime", Of(request.DowntimeSeconds)),
            ("limits.switchover", Of(request.SwitchoverSeconds)),
            ("limits.max-downtime", Of(request.MaxDowntimeSeconds)),
            ("limits.rounds", request.MaxRounds.ToString(CultureInfo.InvariantCulture)),
            ("limits.time", Of(request.MaxSeconds)),
            ("limits.settle-time", Of(request.SettleSeconds)),
            ("limits.on-stall", request.OnStall),
            ("limits.bandwidth", RateText.Exact(request.BandwidthBytesPerSecond ?? RateText.Unlimited)),
            ("stream.channels", request.Channels.ToString(CultureInfo.InvariantCulture)),
            ("stream.compress", request.Compress),
            ("stream.populate", request.Populate),
            ("stream.verify", Of(request.Verify)),
        ];
    }

    private static SourceSettingsDocument Describe(SourceSettings settings, bool isDevice)
    {
        List<SettingDocument> all =
        [
            new("with", string.Join(settings.Combine.Value == PolicyChoices.Union ? " + " : ", ", settings.With.Value), settings.With.From),
            new("combine", settings.Combine.Value, settings.Combine.From),
            new("page-size", settings.PageSizeBytes.Value == 0 ? PolicyChoices.Auto : SizeText.Exact(settings.PageSizeBytes.Value), settings.PageSizeBytes.From),
            new("fallback", settings.Fallback.Value, settings.Fallback.From),
        ];
        if (isDevice)
        {
            all.Add(new("quiesce", settings.Quiesce.Value, settings.Quiesce.From));
            all.Add(new("sync", settings.Sync.Value, settings.Sync.From));
        }

        return new(settings.Source, all);
    }

    private static string Of(bool value) => value ? "true" : "false";

    private static string Of(double seconds) => DurationText.Exact(TimeSpan.FromSeconds(seconds));
}

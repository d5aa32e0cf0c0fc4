using Ferry.Memory;
using Ferry.Migration.Planning;
using Ferry.Tracking;
using Ferry.Tracking.Policy;

namespace Ferry.Cli.Policies;

/// <summary>What all rules together say of one source.</summary>
internal sealed record SourceSettings(
    string Source,
    Setting<IReadOnlyList<string>> With,
    Setting<string> Combine,
    Setting<ulong> PageSizeBytes,
    Setting<string> Fallback,
    Setting<string> Quiesce,
    Setting<string> Sync)
{
    private static readonly SourceRule Defaults = new()
    {
        With = ["kvm-log", "kvm-ring", "process", "mediated", "device", "iotable", "vfio-device", "iommufd", "type1"],
        Combine = PolicyChoices.First,
        PageSizeBytes = 0,
        Fallback = PolicyChoices.Next,
        Quiesce = PolicyChoices.Normal,
        Sync = "near-end",
        From = PolicyChoices.Default,
    };

    /// <summary>Whether the device stops before the rounds.</summary>
    public bool IsEarly => Quiesce.Value == PolicyChoices.Early;

    /// <summary>The settings of a source by <paramref name="rules"/>: for each key the first that fits and says something of it.</summary>
    public static SourceSettings Resolve(IReadOnlyList<SourceRule> rules, string source, bool isDevice)
    {
        SourceRule[] fitting = [.. rules.Where(rule => rule.Fits(source, isDevice)), Defaults];
        Setting<T> Find<T>(string key, Func<SourceRule, T?> value)
            where T : class => fitting.First(rule => value(rule) is not null) is var rule ? new(value(rule)!, OriginOf(rule, key)) : default;
        var sized = fitting.First(rule => rule.PageSizeBytes is not null);
        return new(
            source,
            Find("with", rule => rule.With),
            Find("combine", rule => rule.Combine),
            new(sized.PageSizeBytes!.Value, OriginOf(sized, "page-size")),
            Find("fallback", rule => rule.Fallback),
            Find("quiesce", rule => rule.Quiesce),
            Find("sync", rule => rule.Sync));
    }

    /// <summary>The same as the tracking policy has it.</summary>
    public SourcePolicy ToPolicy() => new()
    {
        Source = new DmaSource(Source),
        With = With.Value,
        Combination = Combine.Value == PolicyChoices.Union ? TrackerCombination.Union : TrackerCombination.First,
        PageSize = PageSizeBytes.Value == 0 ? null : new PageSize(PageSizeBytes.Value),
        Fallback = Fallback.Value is PolicyChoices.Next or PolicyChoices.None ? null : Fallback.Value,
        FallsBackToNext = Fallback.Value == PolicyChoices.Next,
    };

    /// <summary>When it enters a P2P state for a sync.</summary>
    public P2PSyncPolicy ToSyncPolicy() =>
        PolicyChoices.TryParseSync(Sync.Value, out var policy) ? policy : throw new InvalidOperationException($"'{Sync.Value}' was not checked.");

    private static string OriginOf(SourceRule rule, string key) => rule.Origins.GetValueOrDefault(key, rule.From);
}

using System.Text.Json.Serialization;

namespace Ferry.Cli.Policies;

/// <summary>What somebody decided for some sources of writes; what it leaves open, the next rule that fits says.</summary>
internal sealed record SourceRule
{
    /// <summary>The source that it is for; null for all.</summary>
    public string? Source { get; set; }

    /// <summary>Where <see cref="Source"/> is null: whether it is for devices only.</summary>
    public bool DevicesOnly { get; set; }

    /// <summary>The trackers, in order of preference or all together.</summary>
    public IReadOnlyList<string>? With { get; set; }

    /// <summary>One of <see cref="PolicyChoices.Combine"/>.</summary>
    public string? Combine { get; set; }

    /// <summary>The tracking page size; 0 for the finest.</summary>
    public ulong? PageSizeBytes { get; set; }

    /// <summary>A tracker, or one of <see cref="PolicyChoices.Fallback"/>.</summary>
    public string? Fallback { get; set; }

    /// <summary>One of <see cref="PolicyChoices.Quiesce"/>.</summary>
    public string? Quiesce { get; set; }

    /// <summary>One of <see cref="PolicyChoices.Sync"/>.</summary>
    public string? Sync { get; set; }

    /// <summary>Where each key was said, by the key's name in a policy file; where it is silent, <see cref="From"/>.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Origins { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the rule was said.</summary>
    [JsonIgnore]
    public string From { get; init; } = "request";

    /// <summary>Whether it is for a source.</summary>
    public bool Fits(string source, bool isDevice) => Source is null ? isDevice || !DevicesOnly : Source == source;
}

using Ferry.Memory;

namespace Ferry.Tracking.Policy;

/// <summary>What an operator decided for one source of writes.</summary>
public sealed record SourcePolicy
{
    /// <summary>The source.</summary>
    public required DmaSource Source { get; init; }

    /// <summary>The names of trackers; what the order means, <see cref="Combination"/> says.</summary>
    public required IReadOnlyList<string> With { get; init; }

    /// <summary>Whether one of <see cref="With"/> is started or all.</summary>
    public TrackerCombination Combination { get; init; }

    /// <summary>The tracking page size; null for the finest that the tracker offers.</summary>
    public PageSize? PageSize { get; init; }

    /// <summary>Whether, where no <see cref="Fallback"/> is named, the next of <see cref="With"/> that can track the source takes over from the
    /// first; there may be none.</summary>
    public bool FallsBackToNext { get; init; }

    /// <summary>The tracker that takes over where one of <see cref="With"/> fails in the middle of a migration; null for none: then the one that
    /// failed goes on, and each report that fails counts as everything dirty.</summary>
    public string? Fallback { get; init; }
}

using Ferry.Memory;

namespace Ferry.Tracking;

/// <summary>What a tracker promises: whose writes it sees, where, at which page sizes, how precisely, within which limits.</summary>
public sealed record Coverage
{
    /// <summary>The sources whose writes are seen; null stands for any source.</summary>
    public required IReadOnlyList<DmaSource>? Sources { get; init; }

    /// <summary>The ranges in which writes can be seen; null stands for any range.</summary>
    public IReadOnlyList<IovaRange>? Ranges { get; init; }

    /// <summary>The page sizes it can track at, ascending; never empty.</summary>
    public required IReadOnlyList<PageSize> PageSizes { get; init; }

    /// <summary>How precise its reports are.</summary>
    public required TrackingPrecision Precision { get; init; }

    /// <summary>The most ranges that one start may name.</summary>
    public int MaxRanges { get; init; } = int.MaxValue;

    /// <summary>Whether writes of <paramref name="source"/> are seen.</summary>
    public bool Covers(DmaSource source) => Sources is null || Sources.Contains(source);
}

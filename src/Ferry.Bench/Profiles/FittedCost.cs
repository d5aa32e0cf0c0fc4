namespace Ferry.Bench.Profiles;

/// <summary>A cost that was fitted to samples.</summary>
public sealed record FittedCost
{
    /// <summary>What costs; one of <see cref="CostNames"/>, which states the unit.</summary>
    public required string Name { get; init; }

    /// <summary>The tracker, or null where the cost is the host's own.</summary>
    public string? Provider { get; init; }

    /// <summary>The tracking page size in bytes, or null where it does not matter.</summary>
    public ulong? PageSizeBytes { get; init; }

    /// <summary>The value, in the unit of its name.</summary>
    public required double Value { get; init; }

    /// <summary>Half of the width of the interval that holds the value with about 95 %, in the same unit; 0 or more.</summary>
    public required double Error { get; init; }

    /// <summary>From how many values it was fitted, at least 1.</summary>
    public required int Count { get; init; }

    /// <summary>Whether the noise hides the effect: the interval holds what no effect would come to.</summary>
    public bool IsHiddenByNoise { get; init; }
}

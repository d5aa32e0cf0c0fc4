namespace Ferry.Bench.Profiles;

/// <summary>What was measured of one quantity at one point.</summary>
public sealed record SampleMeasure
{
    /// <summary>Which quantity; one of <see cref="MetricNames"/>, which states its unit.</summary>
    public required string Metric { get; init; }

    /// <summary>The values of all repeats, in the order in which they were measured; at least one.</summary>
    public required IReadOnlyList<double> Values { get; init; }

    /// <summary>The same without the tracker, each measured right before the value of the same index; null where there is no such thing.</summary>
    public IReadOnlyList<double>? Untracked { get; init; }
}

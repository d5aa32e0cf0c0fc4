namespace Ferry.Bench.Profiles;

/// <summary>One point of one experiment, with all that was measured there.</summary>
public sealed record CostSample
{
    /// <summary>The experiment, one of <see cref="ExperimentNames"/>.</summary>
    public required string Experiment { get; init; }

    /// <summary>The settings.</summary>
    public required SampleDimensions Dimensions { get; init; }

    /// <summary>What was measured, each quantity once.</summary>
    public required IReadOnlyList<SampleMeasure> Measures { get; init; }
}

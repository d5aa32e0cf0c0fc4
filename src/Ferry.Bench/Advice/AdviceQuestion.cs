using Ferry.Bench.Model;

namespace Ferry.Bench.Advice;

/// <summary>What advice is wanted for.</summary>
public sealed record AdviceQuestion
{
    /// <summary>The machine and what happens in it.</summary>
    public required Workload Workload { get; init; }

    /// <summary>What the engine costs.</summary>
    public required EngineCosts Engine { get; init; }

    /// <summary>The way between the hosts.</summary>
    public required LinkCosts Link { get; init; }

    /// <summary>How each source can be tracked; one entry for each writer of <see cref="Workload"/>.</summary>
    public required IReadOnlyList<SourceOptions> Sources { get; init; }

    /// <summary>What it may cost.</summary>
    public required AdviceLimits Limits { get; init; }

    /// <summary>The numbers of streams to try.</summary>
    public IReadOnlyList<int> Channels { get; init; } = [1, 2, 4];

    /// <summary>Whether all memory is to be hashed in the downtime.</summary>
    public bool Verify { get; init; }
}

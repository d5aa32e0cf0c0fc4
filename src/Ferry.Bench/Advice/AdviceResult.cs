namespace Ferry.Bench.Advice;

/// <summary>An advice.</summary>
public sealed record AdviceResult
{
    /// <summary>The policy that is advised; null where none meets the limits.</summary>
    public required Candidate? Recommended { get; init; }

    /// <summary>The few policies that show the choice: no other one dominates any of them. In order of total time.</summary>
    public required IReadOnlyList<Candidate> Shown { get; init; }

    /// <summary>How many policies were tried that move the machine.</summary>
    public required int Tried { get; init; }

    /// <summary>Why, in two sentences.</summary>
    public required string Reason { get; init; }

    /// <summary>How far below each limit it stays, as a part of the limit; the limits that are finite.</summary>
    public required IReadOnlyDictionary<string, double> Margins { get; init; }

    /// <summary>What would change the advice, the nearest first.</summary>
    public required IReadOnlyList<Sensitivity> Sensitivities { get; init; }

    /// <summary>Where nothing meets the limits: which to raise, the least change first. Each of them alone is enough, unless
    /// <see cref="RelaxTogether"/>.</summary>
    public required IReadOnlyList<Relaxation> Relaxations { get; init; }

    /// <summary>Whether no limit alone is enough, so that all of <see cref="Relaxations"/> are needed.</summary>
    public bool RelaxTogether { get; init; }
}

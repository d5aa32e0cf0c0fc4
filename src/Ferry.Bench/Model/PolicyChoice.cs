using Ferry.Migration.Convergence;

namespace Ferry.Bench.Model;

/// <summary>A policy, as far as it changes what a migration costs.</summary>
public sealed record PolicyChoice
{
    /// <summary>Who tracks each source; one entry for each.</summary>
    public required IReadOnlyList<TrackedWriter> Trackers { get; init; }

    /// <summary>The number of streams.</summary>
    public int Channels { get; init; } = 2;

    /// <summary>The compression.</summary>
    public CodecCosts Codec { get; init; } = CodecCosts.None;

    /// <summary>Whether all memory is hashed in the downtime.</summary>
    public bool Verify { get; init; }

    /// <summary>When it switches over, and what a stall leads to.</summary>
    public ConvergenceOptions Convergence { get; init; } = new();
}

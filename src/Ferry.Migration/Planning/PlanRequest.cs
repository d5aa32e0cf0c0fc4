using Ferry.Tracking.Proof;

namespace Ferry.Migration.Planning;

/// <summary>What a migration has to work with, and what its user decided.</summary>
public sealed record PlanRequest
{
    /// <summary>The machine's devices, in the order of the machine file.</summary>
    public required IReadOnlyList<PlanDevice> Devices { get; init; }

    /// <summary>The trackers to start, in this order; not looked at where <see cref="Tracking"/> is off.</summary>
    public required IReadOnlyList<PlanTracker> Trackers { get; init; }

    /// <summary>Trackers that take over for the sources they name where the ones in <see cref="Trackers"/> fail; a source has at most one.</summary>
    public IReadOnlyList<PlanTracker> Fallbacks { get; init; } = [];

    /// <summary>Whether <see cref="Trackers"/> see every write, as <see cref="CoverageProof"/> has found: what it refuses, the planner
    /// refuses. Null where there is no proof yet; then only names are compared. Not looked at where <see cref="Tracking"/> is off.</summary>
    public CoverageVerdict? Coverage { get; init; }

    /// <summary>Whether writes are tracked. Where they are not, all memory is copied once, after everything stopped.</summary>
    public bool Tracking { get; init; } = true;

    /// <summary>Whether devices that can pre-copy their state; independent of <see cref="Tracking"/>.</summary>
    public bool PreCopy { get; init; } = true;

    /// <summary>When devices enter a P2P state for the dirty sync of a round.</summary>
    public P2PSyncPolicy P2PSync { get; init; } = P2PSyncPolicy.NearEnd;

    /// <summary>What comes first when the machine is quiesced.</summary>
    public QuiescePolicy Quiesce { get; init; } = QuiescePolicy.VcpusFirst;

    /// <summary>Whether both sides compare hashes of all memory before the hand-over.</summary>
    public bool Verify { get; init; }
}

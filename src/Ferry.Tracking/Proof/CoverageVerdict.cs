namespace Ferry.Tracking.Proof;

/// <summary>Whether every source is covered: the proof, or every reason why there is none.</summary>
/// <param name="Lines">Who watches what, in the order of the sources; of use only where proven.</param>
/// <param name="Refusals">What is not covered; empty where all is.</param>
public sealed record CoverageVerdict(IReadOnlyList<CoverageLine> Lines, IReadOnlyList<CoverageRefusal> Refusals)
{
    /// <summary>Whether every source is covered.</summary>
    public bool IsProven => Refusals.Count == 0;
}

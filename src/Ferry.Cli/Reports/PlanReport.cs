namespace Ferry.Cli.Reports;

/// <summary>What <c>plan</c> prints: the coverage proof and the sequence.</summary>
/// <param name="Machine">The machine's name.</param>
/// <param name="Possible">Whether a migration could start.</param>
/// <param name="Coverage">For each source of writes, what tracks it.</param>
/// <param name="Problems">What stands in the way, each with what would help; empty where possible.</param>
/// <param name="Phases">The steps, in order.</param>
internal sealed record PlanReport(
    string Machine, bool Possible, IReadOnlyList<CoverageReport> Coverage, IReadOnlyList<string> Problems, IReadOnlyList<PlanPhaseReport> Phases);

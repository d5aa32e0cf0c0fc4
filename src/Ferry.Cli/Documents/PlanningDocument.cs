using Ferry.Migration.Planning;

namespace Ferry.Cli.Documents;

/// <summary>What <c>plan</c> prints: the coverage proof and the sequence.</summary>
/// <param name="Machine">The machine's name.</param>
/// <param name="Possible">Whether a migration could start.</param>
/// <param name="Coverage">For each source of writes, what tracks it.</param>
/// <param name="Skipped">Trackers that the policy prefers and that were passed over, each with the reason.</param>
/// <param name="Problems">What stands in the way, each with what would help; empty where possible.</param>
/// <param name="Plan">The sequence, or null where there is none.</param>
internal sealed record PlanningDocument(
    string Machine, bool Possible, IReadOnlyList<CoverageDocument> Coverage, IReadOnlyList<string> Skipped, IReadOnlyList<string> Problems, PlanDocument? Plan);

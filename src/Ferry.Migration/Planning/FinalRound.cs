namespace Ferry.Migration.Planning;

/// <summary>A round that takes the place of <see cref="MigrationPlan.Round"/> once few are expected to be left.</summary>
/// <param name="Within">It is for when at most as many rounds are expected to be left, itself among them; at least 1.</param>
/// <param name="Steps">Its steps.</param>
public sealed record FinalRound(int Within, IReadOnlyList<PlanStep> Steps);

namespace Ferry.Migration.Planning;

/// <summary>A phase of a plan as it is printed.</summary>
/// <param name="Name">The phase, for instance <c>switchover</c>.</param>
/// <param name="Side"><c>source</c> or <c>destination</c>.</param>
/// <param name="When">When it runs, and how often.</param>
/// <param name="Steps">Its steps; may be empty.</param>
public sealed record PlanPhaseDocument(string Name, string Side, string When, IReadOnlyList<PlanStepDocument> Steps);

namespace Ferry.Migration.Planning;

/// <summary>What brings the source back to where it was.</summary>
/// <param name="Steps">In this order; empty where nothing was done.</param>
/// <param name="Lost">The devices in ERROR, which no arc leaves: only a reset brings them back, without their state.</param>
public sealed record RollbackPlan(IReadOnlyList<PlanStep> Steps, IReadOnlyList<string> Lost);

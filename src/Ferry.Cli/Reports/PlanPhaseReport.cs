namespace Ferry.Cli.Reports;

/// <summary>One phase of a plan: where it happens, and its steps in words.</summary>
internal sealed record PlanPhaseReport(string Phase, string Where, IReadOnlyList<string> Steps);

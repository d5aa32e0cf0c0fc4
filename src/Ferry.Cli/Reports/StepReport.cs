namespace Ferry.Cli.Reports;

/// <summary>One step of a migration and the time it took.</summary>
internal sealed record StepReport(string Name, double Seconds);

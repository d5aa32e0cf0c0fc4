namespace Ferry.Cli.Documents;

/// <summary>One step of a migration and the time it took.</summary>
internal sealed record StepDocument(string Name, double Seconds);

namespace Ferry.Cli.Events;

/// <summary>A step of the plan that ended.</summary>
/// <param name="Phase"><c>setup</c>, <c>round</c> or <c>switchover</c> on a source, <c>load</c> or <c>start</c> on a destination.</param>
/// <param name="Round">The round, from 1; 0 before the first.</param>
/// <param name="Name">What it did.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record StepEvent(string Phase, int Round, string Name, double Seconds);

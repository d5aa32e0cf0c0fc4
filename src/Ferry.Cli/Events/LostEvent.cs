namespace Ferry.Cli.Events;

/// <summary>Events that are not in the log, because they came faster than they were taken.</summary>
/// <param name="Count">How many.</param>
internal sealed record LostEvent(long Count);

namespace Ferry.Lab.Results;

/// <summary>The result of one check; a line of JSON on the way to the host.</summary>
/// <param name="Name">Which check.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Detail">What was found, why it failed or what is missing.</param>
/// <param name="Milliseconds">How long it took.</param>
internal sealed record CheckResult(string Name, CheckOutcome Outcome, string Detail, double Milliseconds);

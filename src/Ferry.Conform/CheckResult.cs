namespace Ferry.Conform;

/// <summary>One check of a run.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Rule">The rule that it stands for.</param>
/// <param name="Source">Where that is written.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Detail">Why it failed or did not run, or what was measured; null where there is nothing to say.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Commands">For a failure, the commands that set up the connection and those since the last reset, in order, each with its answer; else empty.</param>
public sealed record CheckResult(
    string Name, string Rule, string Source, CheckOutcome Outcome, string? Detail, TimeSpan Elapsed, IReadOnlyList<string> Commands);

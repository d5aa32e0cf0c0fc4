namespace Ferry.Cli.Documents;

/// <summary>One check of a device.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Rule">The rule that it stands for.</param>
/// <param name="Source">Where that is written.</param>
/// <param name="Outcome"><c>passed</c>, <c>failed</c>, <c>not-applicable</c> or <c>not-run</c>.</param>
/// <param name="Detail">Why, or what was measured; may be null.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Commands">For a failure, the commands that lead to it, each with its answer; else empty.</param>
internal sealed record ConformCheckDocument(
    string Name, string Rule, string Source, string Outcome, string? Detail, double Seconds, IReadOnlyList<string> Commands);

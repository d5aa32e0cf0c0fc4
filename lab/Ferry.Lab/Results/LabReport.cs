namespace Ferry.Lab.Results;

/// <summary>What a run of the lab came to.</summary>
/// <param name="Results">The result of each check that gave one, as they came.</param>
/// <param name="Problems">What went wrong with the run itself; each makes it fail.</param>
internal sealed record LabReport(IReadOnlyList<CheckResult> Results, IReadOnlyList<string> Problems)
{
    /// <summary>Whether every check gave one result, none failed, some passed, and the run ended.</summary>
    public bool Passed => Problems.Count == 0 && Count(CheckOutcome.Failed) == 0 && Count(CheckOutcome.Passed) > 0;

    /// <summary>How many checks ended so.</summary>
    public int Count(CheckOutcome outcome) => Results.Count(result => result.Outcome == outcome);

    /// <summary>Writes a line for each check and each problem, and the counts last.</summary>
    public void Write(TextWriter output)
    {
        var width = Results.Select(result => result.Name.Length).DefaultIfEmpty(0).Max();
        foreach (var result in Results)
        {
            var outcome = result.Outcome.ToString().ToLowerInvariant();
            output.WriteLine($"{outcome,-7}  {result.Name.PadRight(width)}  {result.Milliseconds,7:F0} ms  {PlainText.Of(result.Detail)}");
        }

        foreach (var problem in Problems)
        {
            output.WriteLine($"failed   {problem}");
        }

        output.WriteLine(
            $"lab: {Count(CheckOutcome.Passed)} passed, {Count(CheckOutcome.Failed) + Problems.Count} failed, {Count(CheckOutcome.Skipped)} skipped");
    }
}

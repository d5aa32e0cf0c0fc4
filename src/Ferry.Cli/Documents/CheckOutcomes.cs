namespace Ferry.Cli.Documents;

/// <summary>The outcomes of <see cref="ConformCheckDocument"/>.</summary>
internal static class CheckOutcomes
{
    public const string Passed = "passed";
    public const string Failed = "failed";
    public const string NotApplicable = "not-applicable";
    public const string NotRun = "not-run";
}

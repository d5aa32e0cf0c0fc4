using Ferry.Lab.Results;
using Xunit;

namespace Ferry.Lab.Tests;

/// <summary>However a check ends, its result comes, and the next one runs.</summary>
public sealed class LabRunnerTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    [Fact]
    public void Each_check_gives_the_result_that_it_ended_with()
    {
        var report = Run(
            Long,
            new Check("fine", () => "as it should be"),
            new Check("wrong", () => throw new CheckFailedException("3 pages are missing")),
            new Check("absent", () => throw new SkippedException("no such device")),
            new Check("broken", () => throw new InvalidOperationException("no")));
        Assert.Equal(
            [("fine", CheckOutcome.Passed, "as it should be"), ("wrong", CheckOutcome.Failed, "3 pages are missing"), ("absent", CheckOutcome.Skipped, "no such device"),
                ("broken", CheckOutcome.Failed, "InvalidOperationException: no")],
            report.Results.Select(result => (result.Name, result.Outcome, result.Detail)));
        Assert.Empty(report.Problems);
    }

    [Fact]
    public void A_check_that_does_not_end_has_failed_and_the_next_one_runs()
    {
        using var release = new ManualResetEventSlim();
        var report = Run(
            TimeSpan.FromMilliseconds(50),
            new Check("hangs", () =>
            {
                release.Wait(TestContext.Current.CancellationToken);
                return "";
            }));
        release.Set();
        Assert.Equal(CheckOutcome.Failed, Assert.Single(report.Results).Outcome);
        Assert.StartsWith("not within ", report.Results[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Checks_have_names_of_their_own_that_fit_on_a_command_line()
    {
        var names = LabChecks.All.Select(check => check.Name).ToList();
        Assert.Equal(names.Distinct(), names);
        Assert.All(names, name => Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", name));
    }

    [Fact]
    public void Checks_are_chosen_by_name_and_an_unknown_name_is_refused()
    {
        Assert.Equal(LabChecks.All, LabChecks.Choose([]));
        Assert.Equal("kernel", Assert.Single(LabChecks.Choose(["kernel"])).Name);
        var failure = Assert.Throws<KeyNotFoundException>(() => LabChecks.Choose(["kernel", "nonsense"]));
        Assert.Contains("nonsense", failure.Message, StringComparison.Ordinal);
    }

    private static LabReport Run(TimeSpan limit, params ILabCheck[] checks)
    {
        using var results = new MemoryStream();
        LabRunner.Run(checks, limit, results, TextWriter.Null);
        return ResultReader.Read(results.ToArray(), [.. checks.Select(check => check.Name)], null);
    }

    private sealed class Check(string name, Func<string> run) : ILabCheck
    {
        public string Name => name;

        public string Run(LabContext context) => run();
    }
}

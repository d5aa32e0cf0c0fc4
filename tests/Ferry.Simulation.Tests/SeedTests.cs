using System.Globalization;
using Ferry.Simulation.Tests.Running;
using Xunit;

namespace Ferry.Simulation.Tests;

/// <summary>Many migrations, each by a seed.</summary>
public sealed class SeedTests(ITestOutputHelper output)
{
    private const string SeedVariable = "FERRY_SIM_SEED";
    private const string CountVariable = "FERRY_SIM_SEEDS";
    private const string FirstVariable = "FERRY_SIM_FIRST";
    private const int DefaultCount = 2000;
    private const int MostFailures = 5;

    [Fact]
    public void No_seed_loses_a_page_or_a_machine()
    {
        if (Number(SeedVariable) is { } only)
        {
            Replay(only);
            return;
        }

        var first = Number(FirstVariable) ?? 1;
        var count = Number(CountVariable) ?? DefaultCount;
        var results = Runner.RunAll(first, count, Mutation.None, MostFailures, Progress);
        output.WriteLine(Runner.Summary(results));
        var failures = results.Failures.Select(failed => $"{failed.Failure}\n  {failed.Outcome}\n  replay: {SeedVariable}={failed.Seed} ./test Simulation -- --filter-method '*No_seed*'").ToList();
        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }

    [Fact]
    public void A_seed_gives_the_same_run_every_time()
    {
        for (ulong seed = 1; seed <= 40; seed++)
        {
            Assert.Equal(SimRun.Run(seed), SimRun.Run(seed));
        }
    }

    private void Replay(ulong seed)
    {
        using var simulation = new SimRun(seed);
        output.WriteLine($"seed {seed}\n  {simulation.Scenario}");
        var result = simulation.Run();
        output.WriteLine($"{result.Outcome}\n{result.Turns} turns, {TimeSpan.FromTicks(result.Ticks)}, trace {result.Trace:x16}");
        output.WriteLine($"sent {string.Join("; ", simulation.Sent)}");
        Assert.True(result.Failure is null, result.Failure);
    }

    private static void Progress(ulong done, ulong count)
    {
        if (done % 10_000 == 0)
        {
            Console.Error.WriteLine($"{done} of {count} seeds");
        }
    }

    private static ulong? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : null;
}

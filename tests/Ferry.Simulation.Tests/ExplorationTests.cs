using Ferry.Memory;
using Ferry.Simulation.Tests.Exploration;
using Xunit;

namespace Ferry.Simulation.Tests;

/// <summary>Every interleaving of two threads that write by DMA and mark, and one that reports and copies.</summary>
public sealed class ExplorationTests(ITestOutputHelper output)
{
    private const int Rounds = 4;

    [Fact]
    public void No_interleaving_loses_a_write()
    {
        var result = Explorer.Explore(new LogModel(LogRule.Real, Rounds));
        output.WriteLine($"{result.States} states, {result.Ends} ends");
        Assert.True(result.Counterexample is null, Text(result));
        Assert.True(result.States > 10_000, $"Only {result.States} states: the model does nearly nothing.");
    }

    [Theory]
    [InlineData(nameof(LogRule.MarkIsNotAtomic))]
    [InlineData(nameof(LogRule.MarkLooksFirst))]
    [InlineData(nameof(LogRule.MarkComesFirst))]
    [InlineData(nameof(LogRule.DrainIsNotAtomic))]
    [InlineData(nameof(LogRule.CopyComesFirst))]
    [InlineData(nameof(LogRule.LastReportBeforeStop))]
    public void A_broken_rule_loses_one(string rule)
    {
        var result = Explorer.Explore(new LogModel(Enum.Parse<LogRule>(rule), Rounds));
        output.WriteLine($"{result.States} states\n{Text(result)}");
        Assert.NotNull(result.Counterexample);
        Assert.DoesNotContain("nobody can go on", result.Counterexample);
    }

    /// <summary>The two steps of the model that matter are those of the bitmap.</summary>
    [Fact]
    public void The_bitmap_takes_the_steps_of_the_model()
    {
        var range = new IovaRange(new Iova(0), 2 * 4096);
        for (var word = 0UL; word < 4; word++)
        {
            for (var bits = 0UL; bits < 4; bits++)
            {
                using var log = new DirtyBitmap(range, PageSize.Size4K);
                using var dirty = new DirtyBitmap(range, PageSize.Size4K);
                (log.Words[0], dirty.Words[0]) = (word, bits);
                log.SetPagesAtomic(1, 1);
                Assert.Equal(word | 2, log.Words[0]);
                log.Drain(dirty);
                Assert.Equal((0UL, bits | word | 2), (log.Words[0], dirty.Words[0]));
            }
        }
    }

    private static string Text(Explorer.Result result) => string.Join("\n  ", result.Counterexample ?? []);
}

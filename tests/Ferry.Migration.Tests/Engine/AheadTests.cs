using Ferry.Memory;
using Ferry.Migration.Reports;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

/// <summary>What can be loaded on the destination while the guest still runs on the source.</summary>
public sealed class AheadTests
{
    private static readonly (Gpa, ulong)[] Small = [(new Gpa(0), 1 << 20)];

    [Fact]
    public void What_is_known_ahead_comes_after_each_round_and_whole()
    {
        using var pair = new Pair(Small);
        var saved = new List<byte[]>();
        pair.Source.OnSaveAhead = () =>
        {
            // More than one frame holds, and another each time.
            var state = new byte[(1 << 20) + saved.Count];
            new Random(saved.Count).NextBytes(state);
            state[0] = 1;
            saved.Add(state);
            return state;
        };
        var reports = pair.Run();
        pair.AssertMoved(reports);
        Assert.Equal(reports.Source.Rounds.Count, saved.Count);
        Assert.Equal(saved, pair.Destination.LoadedAhead);
    }

    [Fact]
    public void A_machine_that_knows_nothing_ahead_sends_nothing()
    {
        using var pair = new Pair(Small);
        pair.AssertMoved(pair.Run());
        Assert.Empty(pair.Destination.LoadedAhead);
    }

    [Fact]
    public void What_can_not_be_loaded_ahead_ends_the_migration_and_the_source_runs_on()
    {
        using var pair = new Pair(Small);
        pair.Source.OnSaveAhead = () => [0xBA, 0xD0];
        var reports = pair.Run();
        pair.AssertRolledBack(reports);
        Assert.Equal(FailureKind.Verification, reports.Destination.Failure);
        Assert.Contains("nothing to load ahead", reports.Source.Reason, StringComparison.Ordinal);
    }
}

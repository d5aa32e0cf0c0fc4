using Ferry.Memory;
using Ferry.Migration.Reports;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

public sealed class InDoubtTests
{
    [Fact]
    public void A_link_that_dies_with_the_commit_leaves_both_paused_until_an_operator_speaks()
    {
        using var pair = Doubtful(cutBeforeCommit: true, out _);
        var reports = pair.Run();
        AssertInDoubt(pair, reports);
        Assert.Throws<InvalidOperationException>(() => pair.SourceEngine!.Run());

        Assert.Equal(MigrationOutcome.RolledBack, pair.SourceEngine!.Settle(InDoubtDecision.RunHere).Outcome);
        Assert.Equal(ReceiveOutcome.Discarded, pair.DestinationEngine!.Settle(InDoubtDecision.GiveUpHere).Outcome);
        pair.AssertOnlySourceRuns();
        Assert.Throws<InvalidOperationException>(() => pair.SourceEngine.Settle(InDoubtDecision.RunHere));
    }

    [Fact]
    public async Task A_destination_in_doubt_is_told_that_an_operator_kept_the_machine()
    {
        using var pair = Doubtful(cutBeforeCommit: true, out var isHealed);
        AssertInDoubt(pair, pair.Run());
        isHealed[0] = true;
        var settling = Task.Run(() => pair.DestinationEngine!.AwaitSettlement(TimeSpan.FromSeconds(10)));
        var source = pair.SourceEngine!.Settle(InDoubtDecision.RunHere);
        Assert.DoesNotContain("could not be told", source.Reason, StringComparison.Ordinal);
        pair.AssertRolledBack((source, await settling));
    }

    [Fact]
    public void An_operator_may_run_it_at_the_destination()
    {
        using var pair = Doubtful(cutBeforeCommit: true, out _);
        AssertInDoubt(pair, pair.Run());
        Assert.Equal(MigrationOutcome.Completed, pair.SourceEngine!.Settle(InDoubtDecision.GiveUpHere).Outcome);
        Assert.Equal(ReceiveOutcome.Running, pair.DestinationEngine!.Settle(InDoubtDecision.RunHere).Outcome);
        Assert.True(pair.Destination.IsRunning);
        Assert.False(pair.Source.IsRunning);
        pair.AssertMemoryEqual();
    }

    [Fact]
    public async Task A_source_that_asks_again_finishes_what_was_begun()
    {
        using var pair = Doubtful(cutBeforeCommit: true, out var isHealed);
        AssertInDoubt(pair, pair.Run());
        isHealed[0] = true;
        var settling = Task.Run(() => pair.DestinationEngine!.AwaitSettlement(TimeSpan.FromSeconds(10)));
        var source = pair.SourceEngine!.AskAgain();
        pair.AssertMoved((source, await settling));
    }

    [Fact]
    public void A_commit_that_arrived_but_whose_answer_is_lost_is_found_to_run()
    {
        using var pair = Doubtful(cutBeforeCommit: false, out var isHealed);
        pair.Destination.OnResume = () => isHealed[0] = true;
        pair.AssertMoved(pair.Run());
    }

    [Fact]
    public async Task A_destination_that_threw_it_away_gives_it_back()
    {
        using var pair = Doubtful(cutBeforeCommit: true, out var isHealed);
        AssertInDoubt(pair, pair.Run());
        pair.DestinationEngine!.Settle(InDoubtDecision.GiveUpHere);
        isHealed[0] = true;
        var answering = Task.Run(() => pair.DestinationEngine.Answer(TimeSpan.FromSeconds(2)));
        var source = pair.SourceEngine!.AskAgain();
        Assert.Equal(MigrationOutcome.RolledBack, source.Outcome);
        await answering;
        pair.AssertOnlySourceRuns();
    }

    [Fact]
    public void A_machine_that_does_not_start_is_in_doubt_on_both_sides()
    {
        using var pair = New();
        pair.DestinationDevice.Refused.Add(Linux.Vfio.VfioDeviceState.RunningP2P);
        pair.DestinationOptions = pair.DestinationOptions with { SettleWait = TimeSpan.FromSeconds(1) };
        var reports = pair.Run();
        AssertInDoubt(pair, reports);
        Assert.Contains("refuses RunningP2P", reports.Source.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_that_keeps_it_says_so_even_over_a_new_link()
    {
        // The answer to prepare is lost: the destination is prepared, and the source rolls back.
        using var pair = New();
        pair.SourceOptions = pair.SourceOptions with
        {
            Connector = new FaultyConnector(pair.SourceOptions.Connector) { FaultOf = i => i == 0 ? new Fault { CutReceiveAt = AnswersUpToPrepared() - 1 } : null },
        };
        pair.AssertRolledBack(pair.Run());
    }

    private static Pair New()
    {
        var pair = new Pair([(new Gpa(0), 1 << 20)], workingSetPages: 0, verify: false, _ => new FakeDevice("nic0", 3000));
        pair.Fill();
        pair.SourceOptions = pair.SourceOptions with { Channels = 1, Populate = Wire.PopulateMode.None };
        return pair;
    }

    private static Pair Doubtful(bool cutBeforeCommit, out bool[] isHealed)
    {
        var pair = New();
        bool[] healed = [false];
        isHealed = healed;
        pair.SourceOptions = pair.SourceOptions with
        {
            ReconnectPause = TimeSpan.FromMilliseconds(20),
            Connector = new FaultyConnector(pair.SourceOptions.Connector)
            {
                FaultOf = i => i == 0 ? cutBeforeCommit ? new Fault { CutSendAt = SentUpToCommit() } : new Fault { CutReceiveAt = AnswersUpToPrepared() }
                    : new Fault { Refuses = i > 1 && !healed[0] },
            },
        };
        pair.DestinationOptions = pair.DestinationOptions with { SettleWait = TimeSpan.FromSeconds(cutBeforeCommit ? 0.3 : 10) };
        return pair;
    }

    private static void AssertInDoubt(Pair pair, (MigrationReport Source, ReceiveReport Destination) reports)
    {
        Assert.True(reports.Source.Outcome == MigrationOutcome.InDoubt, reports.Source.Reason);
        Assert.True(reports.Destination.Outcome == ReceiveOutcome.InDoubt, reports.Destination.Reason);
        Assert.False(pair.Source.IsRunning);
        Assert.False(pair.Destination.IsRunning);
    }

    // Commit and Done are the last two frames, each a bare header.
    private static long SentUpToCommit()
    {
        using var pair = New();
        var connector = new FaultyConnector(pair.SourceOptions.Connector);
        pair.SourceOptions = pair.SourceOptions with { Connector = connector };
        pair.AssertMoved(pair.Run());
        return connector.SendBounds[0][^3];
    }

    // Accept, ready, two rounds acknowledged, prepared.
    private static long AnswersUpToPrepared()
    {
        using var pair = New();
        var rounds = pair.Run().Source.Rounds.Count + 1;
        return 24 + 16 + 24 + 8 + (rounds * (24 + 14)) + 24;
    }
}

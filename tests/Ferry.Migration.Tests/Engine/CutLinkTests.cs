using Ferry.Memory;
using Ferry.Migration.Reports;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

public sealed class CutLinkTests
{
    private static readonly (Gpa, ulong)[] Small = [(new Gpa(0), 1 << 20)];

    [Fact]
    public void A_control_link_cut_at_each_frame_never_leaves_two_machines_running_nor_none()
    {
        foreach (var at in Boundaries(connection: 0))
        {
            var (pair, reports) = Run(i => i == 0 ? new Fault { CutSendAt = at } : null);
            using (pair)
            {
                AssertOneRuns(pair, reports, $"cut at sent byte {at}");
            }
        }
    }

    [Fact]
    public void A_data_link_cut_at_each_chunk_never_leaves_two_machines_running_nor_none()
    {
        foreach (var at in Boundaries(connection: 1))
        {
            var (pair, reports) = Run(i => i == 1 ? new Fault { CutSendAt = at } : null);
            using (pair)
            {
                // A guest that wrote less this time may be through before that byte.
                AssertOneRuns(pair, reports, $"cut at sent byte {at}");
            }
        }
    }

    [Fact]
    public void Answers_cut_at_any_place_never_leave_two_machines_running_nor_none()
    {
        for (var at = 0; at < 700; at += 23)
        {
            var (pair, reports) = Run(i => i == 0 ? new Fault { CutReceiveAt = at } : null);
            using (pair)
            {
                AssertOneRuns(pair, reports, $"cut at received byte {at}");
            }
        }
    }

    [Fact]
    public void A_destination_that_is_not_there_leaves_the_source_as_it_was()
    {
        using var pair = New();
        pair.SourceOptions = pair.SourceOptions with { Connector = new FaultyConnector(pair.SourceOptions.Connector) { FaultOf = _ => new Fault { Refuses = true } } };
        pair.DestinationOptions = pair.DestinationOptions with { ConnectWait = TimeSpan.FromMilliseconds(50) };
        pair.AssertRolledBack(pair.Run());
    }

    private static Pair New()
    {
        var pair = new Pair(Small, workingSetPages: 8, device: _ => new FakeDevice("nic0", 3000));
        pair.Fill();
        pair.DestinationOptions = pair.DestinationOptions with { ConnectWait = TimeSpan.FromSeconds(0.5), SettleWait = TimeSpan.FromSeconds(0.5) };
        return pair;
    }

    private static (Pair Pair, (MigrationReport Source, ReceiveReport Destination) Reports) Run(Func<int, Fault?> faultOf)
    {
        var pair = New();
        pair.SourceOptions = pair.SourceOptions with { Channels = 1, Connector = new FaultyConnector(pair.SourceOptions.Connector) { FaultOf = faultOf } };
        return (pair, pair.Run());
    }

    // Where the sends of a migration without fault begin, and one byte later.
    private static List<long> Boundaries(int connection)
    {
        using var pair = New();
        var connector = new FaultyConnector(pair.SourceOptions.Connector);
        pair.SourceOptions = pair.SourceOptions with { Channels = 1, Connector = connector };
        pair.AssertMoved(pair.Run());
        return [.. connector.SendBounds[connection].SkipLast(1).SelectMany(bound => new[] { bound, bound + 1 })];
    }

    private static void AssertOneRuns(Pair pair, (MigrationReport Source, ReceiveReport Destination) reports, string when)
    {
        Assert.True(pair.Source.IsRunning != pair.Destination.IsRunning, $"{when}: {reports.Source.Reason} / {reports.Destination.Reason}");
        if (pair.Source.IsRunning)
        {
            pair.AssertRolledBack(reports);
        }
        else
        {
            pair.AssertMoved(reports);
        }
    }
}

using Ferry.Memory;
using Ferry.Migration.Reports;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

public sealed class AlteredStreamTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_bit_flipped_anywhere_in_the_pages_channel_is_found(bool verify)
    {
        // The opening, then a header, its table, the hashes and the pages of the first chunk.
        foreach (var at in (long[])[3, 9, 64, 68, 70, 72, 76, 80, 84, 88, 97, 104, 109, 200, 300, 700, 900, 5000, 60_000, 200_000])
        {
            using var pair = Altered(1, at, verify);
            var reports = pair.Run();
            pair.AssertRolledBack(reports);
            Assert.NotEqual(FailureKind.None, reports.Source.Failure);
        }
    }

    [Fact]
    public void A_page_altered_in_a_round_is_named_at_prepare()
    {
        using var pair = Altered(1, 200_000, verify: false);
        var reports = pair.Run();
        pair.AssertRolledBack(reports);
        Assert.Equal(FailureKind.Verification, reports.Source.Failure);
        Assert.Equal(FailureKind.Verification, reports.Destination.Failure);
        Assert.Contains("1 pages", reports.Source.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bit_flipped_in_a_control_frame_is_found()
    {
        for (var at = 0; at < 6000; at += 131)
        {
            using var pair = Altered(0, at, verify: false);
            pair.AssertRolledBack(pair.Run());
        }
    }

    private static Pair Altered(int connection, long at, bool verify)
    {
        var pair = new Pair([(new Gpa(0), 1 << 20)], workingSetPages: 0, verify, _ => new FakeDevice("nic0", 6000));
        pair.Fill();
        pair.SourceOptions = pair.SourceOptions with
        {
            Channels = 1,
            Connector = new FaultyConnector(pair.SourceOptions.Connector) { FaultOf = i => i == connection ? new Fault { AlterSentAt = at } : null },
            PeerTimeout = TimeSpan.FromSeconds(0.5),
        };
        // An altered opening makes a connection that is nobody's.
        pair.DestinationOptions = pair.DestinationOptions with { PeerTimeout = TimeSpan.FromSeconds(0.5), ConnectWait = TimeSpan.FromSeconds(0.5) };
        return pair;
    }
}

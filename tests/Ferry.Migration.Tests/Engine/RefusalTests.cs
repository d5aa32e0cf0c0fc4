using System.Net;
using Ferry.Linux.Sockets;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Transport;
using Ferry.Migration.Wire;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

public sealed class RefusalTests
{
    private static readonly (Gpa, ulong)[] Small = [(new Gpa(0), 1 << 20)];

    public static TheoryData<string, string> Differences => new()
    {
        { "accelerator", "the accelerator is thread there and kvm here" },
        { "vcpus", "there are 1 vCPUs there and 2 here" },
        { "state", "vCPU state has version 1 there and 9 here" },
        { "length", "memory region 0 is 1048576 bytes at 0x0 there and 2097152 bytes at 0x0 here" },
        { "regions", "memory has 1 regions there and 2 here" },
        { "missing", "device nic0 is missing here" },
        { "extra", "device nic1 is here only" },
        { "kind", "device 0 is nic0 (fake, state version 1) there and nic0 (other, state version 1) here" },
        { "version", "device 0 is nic0 (fake, state version 1) there and nic0 (fake, state version 2) here" },
        { "iommu", "device nic0 is behind a virtual IOMMU here and not there" },
        { "flags", "device nic0 can STOP_COPY, P2P, PRE_COPY there and STOP_COPY here" },
    };

    [Theory]
    [MemberData(nameof(Differences))]
    public void A_machine_that_does_not_fit_is_refused_before_the_first_page(string difference, string reason)
    {
        using var destination = Differing(difference);
        using var pair = new Pair(Small, device: _ => new FakeDevice("nic0", 100), destination: destination);
        pair.DestinationOptions = pair.DestinationOptions with { ConnectWait = TimeSpan.FromSeconds(0.3) };
        var reports = pair.Run();
        pair.AssertRolledBack(reports);
        Assert.Equal(FailureKind.Refused, reports.Source.Failure);
        Assert.Contains(reason, reports.Source.Reason, StringComparison.Ordinal);
        Assert.Equal(0UL, reports.Source.SentBytes);
        Assert.Equal(0, pair.Tracker.Reports);
        Assert.Contains(reason, reports.Destination.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_newer_stream_is_refused_by_its_version()
    {
        using var pair = new Pair(Small, device: _ => new FakeDevice("nic0", 100));
        pair.DestinationOptions = pair.DestinationOptions with { ConnectWait = TimeSpan.FromSeconds(0.5) };
        var receiving = Task.Run(() => new Destination.MigrationDestination(pair.Destination, pair.DestinationOptions).Run());
        using var connection = Connect(pair.Listener.EndPoint);
        Send(connection, (new Opening(ConnectionKind.Control, 0, Guid.NewGuid(), 0) with { Major = StreamVersion.Major + 1 }).Write);
        using var control = new ControlChannel(EngineHost.Real, connection, TimeSpan.FromSeconds(5), CancellationToken.None);
        Assert.True(control.TryReceive(TimeSpan.FromSeconds(5), out var kind));
        Assert.Equal(ControlKind.Refuse, kind);
        Assert.Contains("version 2.0", new FrameReader(kind, control.Received).Text(), StringComparison.Ordinal);
        Assert.Equal(ReceiveOutcome.Discarded, (await receiving).Outcome);
    }

    [Fact]
    public void A_stranger_on_the_port_is_sent_away_and_the_source_still_gets_in()
    {
        using var pair = new Pair(Small, device: _ => new FakeDevice("nic0", 100));
        using var http = Connect(pair.Listener.EndPoint);
        Send(http, bytes => bytes.Fill((byte)'G'));
        using var settler = Connect(pair.Listener.EndPoint);
        Send(settler, new Opening(ConnectionKind.Settle, 0, Guid.NewGuid(), 7).Write);
        using var data = Connect(pair.Listener.EndPoint);
        Send(data, new Opening(ConnectionKind.Data, 0, Guid.NewGuid(), 7).Write);
        pair.AssertMoved(pair.Run());
    }

    [Fact]
    public void A_stranger_that_says_half_a_word_keeps_the_source_waiting_for_two_seconds_at_most()
    {
        using var pair = new Pair(Small, device: _ => new FakeDevice("nic0", 100));
        pair.SourceOptions = pair.SourceOptions with { PeerTimeout = TimeSpan.FromSeconds(10) };
        using var slow = Connect(pair.Listener.EndPoint);
        using var buffer = new NativeBuffer(1);
        ReadOnlySpan<MemorySegment> segments = [buffer.Segment(0, 1)];
        slow.Send(segments);
        pair.AssertMoved(pair.Run());
    }

    private static FakeMachine Differing(string difference)
    {
        var device = difference switch
        {
            "kind" => new FakeDevice("nic0", 100) { Kind = "other" },
            "version" => new FakeDevice("nic0", 100) { Version = 2 },
            "iommu" => new FakeDevice("nic0", 100) { IsBehindIommu = true },
            "flags" => new FakeDevice("nic0", 100, VfioMigrationFlags.StopCopy),
            _ => new FakeDevice("nic0", 100),
        };
        (Gpa, ulong)[] layout = difference switch
        {
            "length" => [(new Gpa(0), 2 << 20)],
            "regions" => [(new Gpa(0), 1 << 20), (new Gpa(4 << 20), 1 << 20)],
            _ => Small,
        };
        FakeDevice[] devices = difference switch
        {
            "missing" => [],
            "extra" => [device, new FakeDevice("nic1", 100)],
            _ => [device],
        };
        return new FakeMachine(layout, runs: false, 0, devices)
        {
            Accelerator = difference == "accelerator" ? "kvm" : "thread",
            VcpuCount = difference == "vcpus" ? 2 : 1,
            VcpuStateVersion = difference == "state" ? 9u : 1u,
        };
    }

    private static IConnection Connect(IPEndPoint address) => new TcpConnector(address, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5)).Connect();

    private delegate void Writer(Span<byte> bytes);

    private static void Send(IConnection connection, Writer write)
    {
        using var buffer = new NativeBuffer(Opening.LengthBytes);
        write(buffer.Span);
        ReadOnlySpan<MemorySegment> segments = [buffer.Segment(0, Opening.LengthBytes)];
        connection.Send(segments);
    }
}

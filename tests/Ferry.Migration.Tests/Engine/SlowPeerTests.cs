using System.Net;
using Ferry.Linux.Sockets;
using Ferry.Memory;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Source;
using Ferry.Migration.Transport;
using Ferry.Migration.Wire;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

/// <summary>Peers that send little, or nothing to the point: nobody may be held by them for longer than was said.</summary>
public sealed class SlowPeerTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private static readonly (Gpa, ulong)[] Small = [(new Gpa(0), 1 << 20)];

    [Fact]
    public void A_frame_that_drips_has_to_be_whole_in_time()
    {
        using var drip = new Drip();
        using var control = new ControlChannel(EngineHost.Real, drip.Connection, TimeSpan.FromSeconds(0.5), CancellationToken.None);
        Assert.Contains("did not send all of a control frame in 0.5 s", Assert.Throws<TimeoutException>(() => control.TryReceive(Long, out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_frame_that_drips_is_left_when_the_migration_is_cancelled()
    {
        using var drip = new Drip();
        using var cancellation = new CancellationTokenSource();
        using var control = new ControlChannel(EngineHost.Real, drip.Connection, Long, cancellation.Token);
        cancellation.CancelAfter(TimeSpan.FromSeconds(0.3));
        Assert.ThrowsAny<IOException>(() => control.TryReceive(Long, out _));

        using var later = new Drip();
        using var next = new ControlChannel(EngineHost.Real, later.Connection, Long, cancellation.Token);
        Assert.Throws<TimeoutException>(() => next.TryReceive(Long, out _));
    }

    [Fact]
    public void A_destination_that_is_only_ever_busy_is_left()
    {
        using var pair = new Pair(Small, device: _ => new FakeDevice("nic0", 100));
        pair.SourceOptions = pair.SourceOptions with { PeerTimeout = TimeSpan.FromSeconds(0.5) };
        var source = RunAgainstBusy(pair, CancellationToken.None);
        Assert.Contains("and got nowhere", source.Reason, StringComparison.Ordinal);
        Assert.Equal(MigrationOutcome.RolledBack, source.Outcome);
        pair.AssertOnlySourceRuns();
    }

    [Fact]
    public void A_source_can_be_cancelled_though_its_destination_is_busy_all_the_time()
    {
        using var pair = new Pair(Small, device: _ => new FakeDevice("nic0", 100));
        using var cancellation = new CancellationTokenSource(TimeSpan.FromSeconds(0.5));
        var source = RunAgainstBusy(pair, cancellation.Token);
        Assert.Equal(FailureKind.Cancelled, source.Failure);
        pair.AssertOnlySourceRuns();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_source_that_falls_silent_is_left(int connection)
    {
        using var pair = new Pair(Small);
        pair.DestinationOptions = pair.DestinationOptions with { PeerTimeout = TimeSpan.FromSeconds(0.5) };
        pair.SourceOptions = pair.SourceOptions with
        {
            Channels = 1,
            Connector = new FaultyConnector(pair.SourceOptions.Connector)
            {
                FaultOf = i => i == connection ? new Fault { SwallowSendFrom = i == 0 ? 8000 : Opening.LengthBytes } : null,
            },
        };
        var reports = pair.Run();
        pair.AssertRolledBack(reports);
        Assert.Contains("sent nothing for 0.5 s", reports.Destination.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_that_is_not_populated_yet_is_not_waited_for_while_the_guest_stands_still()
    {
        using var pair = new Pair([(new Gpa(0), 64 << 20)], workingSetPages: 0, device: _ => new FakeDevice("nic0", 100));
        pair.Source.Memory.GetSpan(new Gpa(0), 64 << 20).Clear();
        var populated = 0;
        pair.Destination.OnPopulate = () =>
        {
            Interlocked.Increment(ref populated);
            Thread.Sleep(300);
        };
        pair.SourceOptions = pair.SourceOptions with { Populate = PopulateMode.Beside };
        pair.DestinationOptions = pair.DestinationOptions with { Threads = 1 };
        pair.AssertMoved(pair.Run());
        Assert.InRange(populated, 0, 15);
    }

    [Fact]
    public void A_listener_that_fails_does_not_cost_the_machine_that_was_given()
    {
        using var pair = new Pair(Small, workingSetPages: 0, verify: false, _ => new FakeDevice("nic0", 100));
        var listener = new FaultyListener(pair.Listener);
        pair.DestinationOptions = pair.DestinationOptions with { Listener = listener };
        pair.Destination.OnResume = () => listener.Failures = 2;
        pair.SourceOptions = pair.SourceOptions with
        {
            // The answer to commit, which is the longest of the last ones, is lost.
            Connector = new FaultyConnector(pair.SourceOptions.Connector) { FaultOf = i => i == 0 ? new Fault { CutReceiveAt = ReceivedUpToPrepared() } : null },
        };
        pair.AssertMoved(pair.Run());
        Assert.True(listener.Failures < 0, "It never came to accept again.");
    }

    private static long ReceivedUpToPrepared()
    {
        using var pair = new Pair(Small, workingSetPages: 0, verify: false, _ => new FakeDevice("nic0", 100));
        var connector = new FaultyConnector(pair.SourceOptions.Connector);
        pair.SourceOptions = pair.SourceOptions with { Connector = connector };
        pair.AssertMoved(pair.Run());
        return connector.ReceivedBytes[0] - ControlHeader.LengthBytes - RunningAccount.LengthBytes;
    }

    private static MigrationReport RunAgainstBusy(Pair pair, CancellationToken cancellation)
    {
        using var isOver = new CancellationTokenSource();
        var busy = Task.Factory.StartNew(() => BeBusy(pair.Listener, isOver.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var report = new MigrationSource(pair.Source, pair.SourceOptions).Run(cancellation);
        isOver.Cancel();
        Assert.True(busy.Wait(Long, CancellationToken.None));
        return report;
    }

    // Takes the machine and all its channels, and never gets ready.
    private static void BeBusy(TcpConnectionListener listener, CancellationToken cancellation)
    {
        using var connection = listener.Accept(Long)!;
        using var opening = new NativeBuffer(Opening.LengthBytes);
        connection.Receive([opening.Segment(0, Opening.LengthBytes)]);
        using var control = new ControlChannel(EngineHost.Real, connection, Long, CancellationToken.None);
        Assert.True(control.TryReceive(Long, out var kind));
        Assert.Equal(ControlKind.Describe, kind);
        control.Send(ControlKind.Accept, new byte[16]);
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                control.Send(ControlKind.Busy, new byte[8]);
                Thread.Sleep(20);
            }
        }
        catch (IOException)
        {
            // The source left, as it should.
        }
    }

    /// <summary>A connection to which a byte of a frame is sent now and then.</summary>
    private sealed class Drip : IDisposable
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
        private readonly TcpConnectionListener _listener = new(new IPEndPoint(IPAddress.Loopback, 0), Long);
        private readonly IConnection _from;
        private readonly Thread _thread;
        private volatile bool _isOver;

        public Drip()
        {
            _from = new TcpConnector(_listener.EndPoint, Long, Long).Connect();
            Connection = _listener.Accept(Long)!;
            _thread = new Thread(Run);
            _thread.Start();
        }

        public IConnection Connection { get; }

        public void Dispose()
        {
            _isOver = true;
            _thread.Join();
            _from.Dispose();
            Connection.Dispose();
            _listener.Dispose();
        }

        private void Run()
        {
            using var frame = new NativeBuffer(ControlHeader.LengthBytes + 4096);
            ControlHeader.Write(frame.Span, ControlKind.DeviceData, 4096, 0);
            try
            {
                for (var at = 0; at < frame.Span.Length && !_isOver; at++)
                {
                    ReadOnlySpan<MemorySegment> segments = [frame.Segment(at, 1)];
                    _from.Send(segments);
                    Thread.Sleep(Pause);
                }
            }
            catch (IOException)
            {
                // The other end was closed.
            }
        }
    }
}

using System.Net;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Migration.Destination;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Migration.Source;
using Ferry.Migration.Transport;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

/// <summary>A source and a destination in this process, joined by TCP on loopback.</summary>
internal sealed class Pair : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private readonly TcpConnectionListener _listener = new(new IPEndPoint(IPAddress.Loopback, 0), Soon);
    private readonly List<IDisposable> _owned = [];

    public Pair(
        IReadOnlyList<(Gpa Start, ulong LengthBytes)>? layout = null,
        int workingSetPages = 64,
        bool verify = true,
        Func<string, FakeDevice>? device = null,
        Func<GuestMemory, TestTracker>? tracker = null,
        FakeMachine? destination = null)
    {
        layout ??= [(new Gpa(0), 12 << 20), (new Gpa(1UL << 32), 4 << 20)];
        SourceDevice = device?.Invoke("source") ?? new FakeDevice("nic0", 700_000);
        SourceDevice.Fill(7);
        DestinationDevice = device?.Invoke("destination") ?? new FakeDevice("nic0", 700_000);
        Source = new FakeMachine(layout, runs: true, workingSetPages, SourceDevice);
        Destination = destination ?? new FakeMachine(layout, runs: false, 0, DestinationDevice);
        Tracker = tracker?.Invoke(Source.Memory) ?? new TestTracker("test", Source.Memory, DmaSource.Vcpus);
        Source.Written = Tracker.Mark;
        Plan = PlanOf(SourceDevice, verify);
        _owned.AddRange([Source, Destination, Tracker, _listener]);
        SourceOptions = new SourceOptions
        {
            Plan = Plan,
            Trackers = new Dictionary<string, IDirtyTracker> { ["test"] = Tracker },
            Connector = new TcpConnector(_listener.EndPoint, Soon, Soon),
            PeerTimeout = Soon,
            SettleWait = TimeSpan.FromSeconds(1),
            ReconnectPause = TimeSpan.FromMilliseconds(50),
        };
        DestinationOptions = new DestinationOptions
        {
            Listener = _listener,
            Load = Plan.Load,
            Start = Plan.Start,
            PeerTimeout = Soon,
            ConnectWait = Soon,
            SettleWait = Soon,
        };
    }

    public FakeDevice SourceDevice { get; }

    public FakeDevice DestinationDevice { get; }

    public FakeMachine Source { get; }

    public FakeMachine Destination { get; }

    public TestTracker Tracker { get; }

    public MigrationPlan Plan { get; }

    public SourceOptions SourceOptions { get; set; }

    public DestinationOptions DestinationOptions { get; set; }

    public MigrationSource? SourceEngine { get; private set; }

    public MigrationDestination? DestinationEngine { get; private set; }

    public TcpConnectionListener Listener => _listener;

    public static MigrationPlan PlanOf(FakeDevice device, bool verify, bool quiesceEarly = false) =>
        Assert.IsType<PlanResult.Planned>(MigrationPlanner.Plan(new PlanRequest
        {
            Devices = [new PlanDevice { Id = device.Id, Migration = device.Migration, QuiesceEarly = quiesceEarly }],
            Trackers = [new PlanTracker("test", ["vcpus", device.Id], PageSize.Size4K)],
            Verify = verify,
        })).Plan;

    /// <summary>Puts recognisable data into every other page of the first half of each region, zeros into some, and leaves the rest untouched.</summary>
    public void Fill()
    {
        foreach (var region in Source.Memory.Regions)
        {
            for (ulong offset = 0; offset < region.LengthBytes / 2; offset += 8192)
            {
                Source.Fill(new Gpa(region.Start.Value + offset), (int)(region.Start.Value + offset) | 1);
            }

            Source.Memory.GetSpan(new Gpa(region.Start.Value + 4096), 4096).Clear();
        }
    }

    public (MigrationReport Source, ReceiveReport Destination) Run(CancellationToken sourceCancellation = default, CancellationToken destinationCancellation = default)
    {
        SourceEngine = new MigrationSource(Source, SourceOptions);
        DestinationEngine = new MigrationDestination(Destination, DestinationOptions);
        var receiving = Task.Factory.StartNew(() => DestinationEngine.Run(destinationCancellation), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var report = SourceEngine.Run(sourceCancellation);
        return (report, receiving.Wait(TimeSpan.FromSeconds(40)) ? receiving.Result : throw new TimeoutException("The destination never returned."));
    }

    /// <summary>All contents are equal, and only the destination runs.</summary>
    public void AssertMoved((MigrationReport Source, ReceiveReport Destination) reports)
    {
        AssertMovedButMemory(reports);
        AssertMemoryEqual();
    }

    /// <summary>The same without reading memory, which would fill its holes.</summary>
    public void AssertMovedButMemory((MigrationReport Source, ReceiveReport Destination) reports)
    {
        Assert.True(reports.Source.Outcome == MigrationOutcome.Completed, reports.Source.Reason);
        Assert.True(reports.Destination.Outcome == ReceiveOutcome.Running, reports.Destination.Reason);
        Assert.False(Source.IsRunning);
        Assert.True(Destination.IsRunning);
        Assert.Equal(1, Destination.Resumes);
        Assert.Equal(SourceDevice.Hash(), DestinationDevice.Hash());
        Assert.Equal(VfioDeviceState.Running, DestinationDevice.State);
        Assert.False(SourceDevice.Runs);
        Assert.Equal(Source.Steps, Destination.Steps);
    }

    /// <summary>The source runs on as before, and the destination does not.</summary>
    public void AssertRolledBack((MigrationReport Source, ReceiveReport Destination) reports)
    {
        Assert.True(reports.Source.Outcome == MigrationOutcome.RolledBack, reports.Source.Reason);
        Assert.True(reports.Destination.Outcome == ReceiveOutcome.Discarded, reports.Destination.Reason);
        AssertOnlySourceRuns();
    }

    public void AssertOnlySourceRuns()
    {
        Assert.True(Source.IsRunning);
        Assert.Equal(VfioDeviceState.Running, SourceDevice.State);
        Assert.False(Tracker.IsStarted);
        Assert.Equal(0, Source.Throttle);
        Assert.False(Destination.IsRunning);
        Assert.False(DestinationDevice.State == VfioDeviceState.RunningP2P);
        if (Source.WorkingSetPages > 0)
        {
            var steps = Source.Steps;
            Assert.True(SpinWait.SpinUntil(() => Source.Steps > steps, TimeSpan.FromSeconds(10)), "The guest does not go on.");
        }
    }

    public void AssertMemoryEqual()
    {
        foreach (var region in Source.Memory.Regions)
        {
            for (ulong offset = 0; offset < region.LengthBytes; offset += 4096)
            {
                var address = new Gpa(region.Start.Value + offset);
                Assert.True(Source.Memory.GetSpan(address, 4096).SequenceEqual(Destination.Memory.GetSpan(address, 4096)), $"{address} differs.");
            }
        }
    }

    public void Dispose() => _owned.ForEach(each => each.Dispose());
}

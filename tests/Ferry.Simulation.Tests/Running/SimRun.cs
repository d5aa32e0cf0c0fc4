using Ferry.Memory;
using Ferry.Migration.Destination;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Migration.Source;
using Ferry.Simulation.Tests.Machines;
using Ferry.Simulation.Tests.Network;
using Ferry.Simulation.Tests.Scheduling;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Simulation.Tests.Running;

/// <summary>One migration by the production engine between two simulated hosts.</summary>
internal sealed class SimRun : IDisposable
{
    private readonly Scenario _scenario;
    private readonly Mutation _mutation;
    private readonly Dice _dice;
    private readonly Scheduler _scheduler;
    private readonly SimNetwork _network;
    private readonly Dictionary<string, IDirtyTracker> _trackers = [];
    private readonly List<SimEvent> _events;
    private readonly CancellationTokenSource _cancelSource = new();
    private readonly CancellationTokenSource _cancelDestination = new();
    private readonly MigrationSource _sourceEngine;
    private readonly MigrationDestination _destinationEngine;
    private readonly Dictionary<MigrationPhase, int> _reached = new() { [MigrationPhase.Handshake] = 0 };

    public SimRun(ulong seed, Mutation mutation = Mutation.None)
    {
        _scenario = ScenarioDraw.Of(seed);
        _mutation = mutation;
        _dice = new Dice(~seed);
        _scheduler = new Scheduler(_dice.Fork(), _scenario.StayPercent) { World = Act };
        SourceHost = new SimHost(_scheduler, "source", 2);
        DestinationHost = new SimHost(_scheduler, "destination", 2);
        Source = MakeMachine(SourceHost, isSource: true);
        Destination = MakeMachine(DestinationHost, isSource: false);
        _network = new SimNetwork(SourceHost, DestinationHost, _dice.Fork(), _scenario.Network);
        _events = [.. _scenario.Events];
        var plan = Mutations.Break(_scenario.Plan, mutation);
        MakeTrackers();
        Fill();
        _sourceEngine = new MigrationSource(Source, SourceOptions(plan));
        _destinationEngine = new MigrationDestination(Destination, DestinationOptions(plan));
        Destination.OnStart = () => Verdict.CheckArrival(this);
    }

    public Scenario Scenario => _scenario;

    public SimHost SourceHost { get; }

    public SimHost DestinationHost { get; }

    public SimMachine Source { get; }

    public SimMachine Destination { get; }

    public IEnumerable<IDirtyTracker> Trackers => _trackers.Values;

    public MigrationReport? SourceReport { get; private set; }

    public ReceiveReport? DestinationReport { get; private set; }

    public IEnumerable<(long FromSource, long ToSource)> Sent => _network.Sent;

    /// <summary>Runs a seed to its end.</summary>
    public static SimResult Run(ulong seed, Mutation mutation = Mutation.None)
    {
        using var simulation = new SimRun(seed, mutation);
        return simulation.Run();
    }

    public SimResult Run()
    {
        _scheduler.Start(DestinationHost, "engine", RunDestination);
        _scheduler.Start(SourceHost, "engine", RunSource);
        _scheduler.Run();
        var failure = _scheduler.Broken ?? Verdict.Of(this);
        if (failure is null && IsDoubtful)
        {
            SettleDoubt();
            failure = _scheduler.Broken ?? Verdict.AfterSettling(this);
        }

        return new SimResult(_scenario.Seed, failure, Verdict.Describe(this), _scheduler.Trace, _scheduler.Turns, _scheduler.Time.Ticks);
    }

    public void Dispose()
    {
        foreach (var tracker in _trackers.Values)
        {
            if (tracker is SimTracker simulated)
            {
                simulated.Dispose();
            }
            else if (!tracker.IsStarted)
            {
                tracker.Dispose();
            }
        }

        Source.Dispose();
        Destination.Dispose();
        _network.Dispose();
        _scheduler.Dispose();
        _cancelSource.Dispose();
        _cancelDestination.Dispose();
    }

    private bool IsDoubtful =>
        !SourceHost.IsDead && !DestinationHost.IsDead && SourceReport is { Outcome: MigrationOutcome.InDoubt }
        && !DestinationReport!.Reason.AsSpan().Contains("could not be started", StringComparison.Ordinal) && DestinationReport is { Outcome: ReceiveOutcome.InDoubt };

    private void RunSource() => SourceReport = _sourceEngine.Run(_cancelSource.Token);

    private void RunDestination()
    {
        try
        {
            DestinationReport = _destinationEngine.Run(_cancelDestination.Token);
        }
        finally
        {
            _network.StopListening();
        }
    }

    // What an operator does first: let both find each other again, over a network that works.
    private void SettleDoubt()
    {
        _network.Heal();
        _scheduler.Start(DestinationHost, "engine", () => DestinationReport = _destinationEngine.AwaitSettlement(TimeSpan.FromSeconds(30)));
        _scheduler.Start(SourceHost, "engine", () => SourceReport = _sourceEngine.AskAgain());
        _scheduler.Run();
    }

    private SimMachine MakeMachine(SimHost host, bool isSource)
    {
        var devices = _scenario.Devices.Select(spec => new SimDevice(host, _dice.Fork(), spec.Id, spec.Flags, spec.Chunks)
        {
            IsLive = isSource,
            IsEarly = spec.IsEarly && isSource,
            Fault = isSource ? spec.SourceFault : spec.DestinationFault,
            FaultAt = isSource ? spec.SourceFaultAt : spec.DestinationFaultAt,
            ForgetsLastWrites = isSource && _mutation == Mutation.DeviceForgetsLastWrites,
        }).ToList();
        foreach (var (spec, device) in _scenario.Devices.Zip(devices))
        {
            device.Reaches.AddRange(devices.Where(other => spec.Reaches.Contains(other.Id)));
        }

        return new SimMachine(host, _dice.Fork(), _scenario.Layout, _scenario.HotPages, devices)
        {
            VcpusRun = isSource,
            FailingCall = isSource ? _scenario.SourceCall : _scenario.DestinationCall,
            UsesEarlyDevices = _scenario.UsesEarlyDevices && isSource,
        };
    }

    private void MakeTrackers()
    {
        foreach (var spec in _scenario.Trackers)
        {
            var (tracker, mark) = MakeTracker(spec);
            _trackers[spec.Name] = tracker;
            if (mark is not null)
            {
                foreach (var source in spec.Sources)
                {
                    Source.AddMark(source, mark);
                }
            }
        }
    }

    private (IDirtyTracker Tracker, Action<ulong>? Mark) MakeTracker(TrackerSpec spec)
    {
        switch (spec.Kind)
        {
            case TrackerKind.All:
                return (new AllTracker(), null);
            case TrackerKind.KvmLog:
                var kvm = new SimKvm(SourceHost, Source.Memory) { FailingCall = _scenario.FailingKvmCall };
                return (new KvmLogTracker(kvm, kvm.Slots), kvm.Mark);
            default:
                var log = new SimTracker(SourceHost, _dice.Fork(), spec.Name, [.. spec.Sources.Select(source => new DmaSource(source))], [PageSize.Size4K, spec.PageSize])
                {
                    Fault = spec.Fault,
                    FaultAt = spec.FaultAt,
                    ForgetsEvery = _mutation == Mutation.TrackerForgetsOnePage ? 50 : 0,
                    FailsSilently = _mutation == Mutation.TrackerFailsSilently,
                    NeverStops = _mutation == Mutation.TrackerNeverStops,
                };
                return (log, log.Mark);
        }
    }

    private void Fill()
    {
        foreach (var page in Source.Pages)
        {
            if (_dice.Chance(_scenario.FilledPercent))
            {
                Source.Fill(page, _dice.Chance(10) ? 0 : _dice.Next() | 1);
            }

            if (_scenario.IsDestinationUsed && _dice.Chance(30))
            {
                Destination.Fill(page, _dice.Next() | 1);
            }
        }

        foreach (var device in Source.SimDevices)
        {
            for (var i = 0; i < device.Content.Length; i++)
            {
                device.Content[i] = (byte)_dice.Next();
            }
        }
    }

    private SourceOptions SourceOptions(MigrationPlan plan) => new()
    {
        Plan = plan,
        Trackers = _trackers,
        Connector = _network,
        Convergence = _scenario.Convergence,
        Channels = _scenario.Channels,
        Compression = _scenario.Compression,
        Populate = _scenario.Populate,
        BandwidthBytesPerSecond = _scenario.BandwidthBytesPerSecond,
        PeerTimeout = _scenario.PeerTimeout,
        SettleWait = _scenario.SettleWait,
        ReconnectPause = _scenario.ReconnectPause,
        Host = SourceHost,
    };

    private DestinationOptions DestinationOptions(MigrationPlan plan) => new()
    {
        Listener = _network,
        Load = plan.Load,
        Start = plan.Start,
        MemoryIsZero = !_scenario.IsDestinationUsed,
        ConnectWait = TimeSpan.FromSeconds(10),
        PeerTimeout = _scenario.PeerTimeout,
        SettleWait = _scenario.SettleWait,
        Threads = 2,
        Host = DestinationHost,
    };

    private void Act()
    {
        if (_events.Count > 0 && _sourceEngine?.GetProgress().Phase is { } phase)
        {
            _reached.TryAdd(phase, _scheduler.Turns);
        }

        for (var i = _events.Count - 1; i >= 0; i--)
        {
            var due = _events[i];
            if (_reached.TryGetValue(due.From, out var from) && _scheduler.Turns >= from + due.Turn)
            {
                _events.RemoveAt(i);
                Happen(due);
            }
        }

        Source.Act();
        Destination.Act();
        foreach (var tracker in _trackers.Values)
        {
            (tracker as SimTracker)?.Act();
        }

        Verdict.CheckNow(this);
    }

    private void Happen(SimEvent what)
    {
        switch (what.What)
        {
            case SimEventKind.CutAll:
                _network.CutAll();
                break;
            case SimEventKind.NetworkDown:
                _network.GoDown(what.Time);
                break;
            case SimEventKind.KillSource:
                SourceHost.IsDead = true;
                _network.EndAll(ofSource: true);
                break;
            case SimEventKind.KillDestination:
                DestinationHost.IsDead = true;
                _network.EndAll(ofSource: false);
                _network.StopListening();
                break;
            case SimEventKind.CancelSource:
                _cancelSource.Cancel();
                break;
            case SimEventKind.CancelDestination:
                _cancelDestination.Cancel();
                break;
            default:
                ChangeTracker();
                break;
        }
    }

    private void ChangeTracker()
    {
        if (_scenario.Trackers is not [.., var spare])
        {
            return;
        }

        var source = spare.Sources[_dice.Below(spare.Sources.Count)];
        var other = _scenario.Trackers[_dice.Below(_scenario.Trackers.Count)];
        var change = _dice.Below(3) switch
        {
            0 => new TrackerChange(TrackerChangeKind.Drop, source, PlanOf(other), null),
            1 => new TrackerChange(TrackerChangeKind.Add, source, PlanOf(spare) with { Sources = [source] }, _trackers[spare.Name]),
            _ => new TrackerChange(TrackerChangeKind.Replace, source, PlanOf(spare) with { Sources = [source] }, _trackers[spare.Name]),
        };
        try
        {
            // Nobody here waits for the answer.
            _ = _sourceEngine.ChangeTrackerAsync(change).ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
        }
        catch (InvalidOperationException)
        {
            // There is nothing to change now.
        }
    }

    private static PlanTracker PlanOf(TrackerSpec tracker) => new(tracker.Name, tracker.Sources, tracker.PageSize);
}

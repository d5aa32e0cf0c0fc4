using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Migration.Convergence;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;
using Ferry.Simulation.Tests.Machines;
using Ferry.Simulation.Tests.Network;
using Ferry.Simulation.Tests.Scheduling;

namespace Ferry.Simulation.Tests.Running;

/// <summary>Draws a scenario from a seed.</summary>
internal sealed class ScenarioDraw(ulong seed)
{
    private readonly Dice _dice = new(seed);

    public static Scenario Of(ulong seed) => new ScenarioDraw(seed).Draw();

    private Scenario Draw()
    {
        var channels = _dice.Pick(1, 1, 1, 2, 3);
        var devices = Devices();
        var trackers = Trackers(devices);
        var plan = Plan(ref devices, ref trackers);
        var scenario = new Scenario
        {
            Seed = seed,
            Layout = Layout(),
            Devices = devices,
            Trackers = trackers,
            Plan = plan,
            HotPages = _dice.Pick(0, 3, 10, 30),
            FilledPercent = _dice.Pick(0, 10, 50, 100),
            Convergence = Convergence(),
            Network = new NetworkOptions
            {
                CapacityBytes = _dice.Pick(3_000, 20_000, 60_000, 60_000),
                CutPercent = _dice.Pick(0, 5, 30),
                CallTimeout = TimeSpan.FromSeconds(_dice.Pick(2, 20)),
            },
            Channels = channels,
            Compression = _dice.Pick(PageCompression.None, PageCompression.None, PageCompression.None, PageCompression.None, PageCompression.Lz4, PageCompression.Lz4, PageCompression.Zstd),
            Populate = _dice.Pick(PopulateMode.None, PopulateMode.Beside, PopulateMode.Before),
            BandwidthBytesPerSecond = _dice.Chance(15) ? 1L << _dice.Between(22, 26) : null,
            IsDestinationUsed = _dice.Chance(20),
            PeerTimeout = TimeSpan.FromSeconds(_dice.Pick(1, 3, 12)),
            SettleWait = TimeSpan.FromSeconds(_dice.Pick(0.5, 3, 12)),
            ReconnectPause = TimeSpan.FromSeconds(_dice.Pick(0.05, 1)),
            StayPercent = _dice.Pick(0, 50, 90),
        };
        for (var faults = _dice.Pick(0, 0, 1, 1, 1, 1, 2, 2, 3); faults > 0; faults--)
        {
            scenario = WithFault(scenario);
        }

        return scenario;
    }

    private List<(Gpa, ulong)> Layout()
    {
        var regions = new List<(Gpa, ulong)>();
        for (var i = _dice.Between(1, 3); i > 0; i--)
        {
            // Now and then more than a stripe, so that untouched memory is asked for.
            var pages = _dice.Chance(8) ? _dice.Pick(1040, 2064) : _dice.Between(1, 6) * 16;
            regions.Add((new Gpa((ulong)regions.Count << 32), (ulong)pages << 12));
        }

        return regions;
    }

    private List<DeviceSpec> Devices()
    {
        var devices = new List<DeviceSpec>();
        for (var i = _dice.Below(4); i > 0; i--)
        {
            var flags = VfioMigrationFlags.StopCopy
                | (_dice.Chance(60) ? VfioMigrationFlags.P2P : VfioMigrationFlags.None)
                | (_dice.Chance(60) ? VfioMigrationFlags.PreCopy : VfioMigrationFlags.None);
            devices.Add(new DeviceSpec($"dev{devices.Count}", flags, _dice.Between(1, 20)) { IsEarly = _dice.Chance(10) });
        }

        for (var i = 0; i < devices.Count; i++)
        {
            var reaches = devices.Where(other => other.Id != devices[i].Id && _dice.Chance(25)).Select(other => other.Id).ToList();
            devices[i] = devices[i] with { Reaches = reaches };
        }

        return devices;
    }

    private List<TrackerSpec> Trackers(List<DeviceSpec> devices)
    {
        var vcpus = _dice.Chance(50) ? TrackerKind.KvmLog : TrackerKind.Log;
        var trackers = new List<TrackerSpec> { new("cpu", vcpus, ["vcpus"], vcpus == TrackerKind.KvmLog ? PageSize.Size4K : Size()) };
        if (devices.Count > 1 && _dice.Chance(30))
        {
            trackers.Add(new TrackerSpec("group", TrackerKind.Log, [.. devices.Select(device => device.Id)], Size()));
        }
        else
        {
            trackers.AddRange(devices.Select(device => new TrackerSpec($"log-{device.Id}", _dice.Chance(12) ? TrackerKind.All : TrackerKind.Log, [device.Id], Size())));
        }

        // One that waits, and sees all.
        trackers.Add(new TrackerSpec("spare", _dice.Chance(50) ? TrackerKind.All : TrackerKind.Log, ["vcpus", .. devices.Select(device => device.Id)], PageSize.Size4K) { IsPlanned = false });
        return trackers;
    }

    private PageSize Size() => _dice.Chance(80) ? PageSize.Size4K : new PageSize(1UL << _dice.Between(13, 16));

    private MigrationPlan Plan(ref List<DeviceSpec> devices, ref List<TrackerSpec> trackers)
    {
        var request = new PlanRequest
        {
            Devices = [],
            Trackers = [],
            Tracking = !_dice.Chance(8),
            PreCopy = _dice.Chance(85),
            P2PSync = _dice.Pick(P2PSyncPolicy.Never, P2PSyncPolicy.NearEnd, P2PSyncPolicy.EachRound, P2PSyncPolicy.Last(2)),
            Quiesce = _dice.Pick(QuiescePolicy.VcpusFirst, QuiescePolicy.VcpusFirst, QuiescePolicy.DevicesFirst),
            Verify = _dice.Chance(25),
        };
        var hasFallback = _dice.Chance(50);
        while (true)
        {
            var planned = MigrationPlanner.Plan(request with
            {
                Devices = [.. devices.Select(device => new PlanDevice { Id = device.Id, Migration = device.Flags, Reaches = device.Reaches, QuiesceEarly = device.IsEarly })],
                Trackers = [.. trackers.Where(tracker => tracker.IsPlanned).Select(PlanTrackerOf)],
                Fallbacks = hasFallback ? [.. trackers.Where(tracker => !tracker.IsPlanned).Select(PlanTrackerOf)] : [],
            });
            if (planned is PlanResult.Planned { Plan: var plan })
            {
                trackers = request.Tracking ? trackers : [];
                return plan;
            }

            // What is refused is another test's; here it has to go.
            devices = [.. devices.Select(device => device with { Reaches = [], IsEarly = false })];
        }
    }

    private static PlanTracker PlanTrackerOf(TrackerSpec tracker) => new(tracker.Name, tracker.Sources, tracker.PageSize);

    private ConvergenceOptions Convergence() => new()
    {
        DowntimeLimit = TimeSpan.FromMilliseconds(_dice.Pick(1, 20, 300)),
        MaxRounds = _dice.Between(1, 8),
        OnStall = _dice.Pick(StallAction.Stop, StallAction.Stop, StallAction.Stop, StallAction.Throttle, StallAction.Stretch, StallAction.Fail),
        WhenExhausted = _dice.Pick(StallAction.Stop, StallAction.Fail),
        LowPointRounds = _dice.Below(3),
        ThrottleStepPercent = 40,
    };

    private Scenario WithFault(Scenario scenario) => _dice.Below(12) switch
    {
        0 or 1 or 2 => scenario with { Network = WithLinkFault(scenario) },
        3 => WithNetworkRefusal(scenario),
        4 or 5 => WithDeviceFault(scenario),
        6 or 7 => WithTrackerFault(scenario),
        8 => WithMachineFault(scenario),
        9 => scenario with { UsesEarlyDevices = scenario.Devices.Any(device => device.IsEarly), Events = [.. scenario.Events, Event(SimEventKind.ChangeTracker)] },
        _ => scenario with
        {
            Events =
            [
                .. scenario.Events,
                Event(_dice.Pick(
                    SimEventKind.CutAll, SimEventKind.NetworkDown, SimEventKind.NetworkDown, SimEventKind.KillSource, SimEventKind.KillDestination, SimEventKind.CancelSource, SimEventKind.CancelDestination)),
            ],
        },
    };

    private NetworkOptions WithLinkFault(Scenario scenario)
    {
        var connection = _dice.Chance(50) ? 0 : _dice.Between(1, scenario.Channels + 2);
        var at = (long)_dice.Below(1 << _dice.Between(1, connection == 0 ? 14 : 20));
        var fault = new PlannedFault(
            connection,
            _dice.Chance(50),
            _dice.Pick(LinkFault.Cut, LinkFault.Cut, LinkFault.Swallow, LinkFault.Alter, LinkFault.Stall, LinkFault.Drip),
            at,
            TimeSpan.FromMilliseconds(1 << _dice.Between(0, 16)));
        return scenario.Network with { Faults = [.. scenario.Network.Faults, fault] };
    }

    private Scenario WithNetworkRefusal(Scenario scenario) => _dice.Chance(60)
        ? scenario with { Network = scenario.Network with { Refused = new HashSet<int>(scenario.Network.Refused) { _dice.Below(scenario.Channels + 3) } } }
        : scenario with { Network = scenario.Network with { FailingAccepts = new HashSet<int>(scenario.Network.FailingAccepts) { _dice.Below(scenario.Channels + 3) } } };

    private Scenario WithDeviceFault(Scenario scenario)
    {
        if (scenario.Devices.Count == 0)
        {
            return WithMachineFault(scenario);
        }

        var which = _dice.Below(scenario.Devices.Count);
        var device = scenario.Devices[which];
        var fault = _dice.Pick(DeviceFault.Refuse, DeviceFault.Error, DeviceFault.Slow, DeviceFault.Read, DeviceFault.Write, DeviceFault.LoseState);
        var at = _dice.Between(1, 10);
        device = _dice.Chance(60) && fault != DeviceFault.Write
            ? device with { SourceFault = fault, SourceFaultAt = at }
            : device with { DestinationFault = fault, DestinationFaultAt = at };
        return scenario with { Devices = [.. scenario.Devices.Select((each, i) => i == which ? device : each)] };
    }

    private Scenario WithTrackerFault(Scenario scenario)
    {
        if (scenario.Trackers.Count == 0)
        {
            return WithMachineFault(scenario);
        }

        if (_dice.Chance(25))
        {
            return scenario with { FailingKvmCall = _dice.Between(1, 30) };
        }

        var which = _dice.Below(scenario.Trackers.Count);
        var fault = _dice.Pick(TrackerFault.Report, TrackerFault.Report, TrackerFault.Late, TrackerFault.Late, TrackerFault.Start);
        var at = _dice.Between(1, 8);
        return scenario with { Trackers = [.. scenario.Trackers.Select((each, i) => i == which ? each with { Fault = fault, FaultAt = at } : each)] };
    }

    private Scenario WithMachineFault(Scenario scenario) => _dice.Chance(50)
        ? scenario with { SourceCall = (_dice.Pick(nameof(SimMachine.PauseVcpus), nameof(SimMachine.SaveVcpus), nameof(SimMachine.FindPopulated), nameof(SimMachine.ThrottleVcpus), nameof(SimMachine.ResumeVcpus)), _dice.Between(1, 2)) }
        : scenario with { DestinationCall = (_dice.Pick(nameof(SimMachine.LoadVcpus), nameof(SimMachine.ResumeVcpus), nameof(SimMachine.Populate), nameof(SimMachine.FindPopulated)), _dice.Between(1, 2)) };

    private SimEvent Event(SimEventKind kind) => _dice.Chance(70) && kind != SimEventKind.ChangeTracker
        ? new SimEvent(kind, _dice.Pick(MigrationPhase.Switchover, MigrationPhase.Switchover, MigrationPhase.Prepared, MigrationPhase.Committed), _dice.Below(1 << _dice.Between(0, 7)), TimeSpan.FromMilliseconds(1 << _dice.Between(4, 17)))
        : new SimEvent(kind, MigrationPhase.Handshake, _dice.Below(1 << _dice.Between(3, 10)), TimeSpan.FromMilliseconds(1 << _dice.Between(4, 17)));
}

using Ferry.Linux.Vfio;
using static Ferry.Linux.Vfio.VfioDeviceState;

namespace Ferry.Migration.Planning;

/// <summary>Makes the sequence of a migration from what its devices can do and what its user wants. Pure and thread-safe.</summary>
public static class MigrationPlanner
{
    /// <summary>Plans a migration, or says every reason why there is no safe one.</summary>
    public static PlanResult Plan(PlanRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var refusals = PlanAdmission.Check(request);
        if (refusals.Count > 0)
        {
            return new PlanResult.Refused(refusals);
        }

        var stopOrder = StopOrder.Of(request.Devices, out _);
        var sends = request.Tracking || SendsPreCopy(request);
        return new PlanResult.Planned(new MigrationPlan
        {
            Devices = request.Devices,
            Fallbacks = request.Tracking ? request.Fallbacks : [],
            Setup = Setup(request, stopOrder),
            Round = sends ? Round(request, int.MaxValue) : [],
            FinalRounds = request.Tracking ? FinalRounds(request) : [],
            RoundLimit = request.Tracking ? null : sends ? 1 : 0,
            Switchover = Switchover(request, stopOrder),
            Load = Load(request.Devices),
            Start = Start(stopOrder),
        });
    }

    private static bool SendsPreCopy(PlanRequest request) => request.Devices.Any(device => RunningState(request, device) == PreCopy);

    private static int RoundsInP2P(PlanRequest request, PlanDevice device) =>
        RunningState(request, device) == GraceState(request, device) ? 0 : (device.P2PSync ?? request.P2PSync).LastRounds;

    /// <summary>What it is in while the rounds go on.</summary>
    private static VfioDeviceState RunningState(PlanRequest request, PlanDevice device) =>
        device.QuiesceEarly ? Stop : request.PreCopy && device.Has(VfioMigrationFlags.PreCopy) ? PreCopy : Running;

    private static VfioDeviceState GraceState(PlanRequest request, PlanDevice device) => RunningState(request, device) switch
    {
        var running when running == Stop || !device.Has(VfioMigrationFlags.P2P) => running,
        PreCopy => PreCopyP2P,
        _ => RunningP2P,
    };

    private static List<PlanStep> Setup(PlanRequest request, IReadOnlyList<PlanDevice> stopOrder)
    {
        // First of all, so that nothing has to see what they write.
        var early = stopOrder.Where(device => device.QuiesceEarly).ToList();
        List<PlanStep> steps =
        [
            .. Arcs(early, _ => Running, EarlyGrace),
            .. Arcs(early, EarlyGrace, _ => Stop),
        ];
        if (request.Tracking)
        {
            steps.AddRange(request.Trackers.Select(tracker => new PlanStep.StartTracker(tracker)));
            steps.Add(new PlanStep.MarkAllDirty());
        }

        steps.AddRange(Arcs(request.Devices.Where(device => !device.QuiesceEarly), _ => Running, device => RunningState(request, device)));
        return steps;
    }

    private static VfioDeviceState EarlyGrace(PlanDevice device) => device.Has(VfioMigrationFlags.P2P) ? RunningP2P : Running;

    private static List<FinalRound> FinalRounds(PlanRequest request)
    {
        var within = request.Devices.Select(device => RoundsInP2P(request, device)).Where(rounds => rounds is > 0 and < int.MaxValue);
        return [.. within.Distinct().Order().Select(rounds => new FinalRound(rounds, Round(request, rounds)))];
    }

    /// <summary>A round of which as many are left, itself among them.</summary>
    private static List<PlanStep> Round(PlanRequest request, int roundsLeft)
    {
        var steps = new List<PlanStep>();
        if (request.Tracking)
        {
            steps.Add(new PlanStep.CopyDirty());
        }

        steps.AddRange(request.Devices.Where(device => RunningState(request, device) == PreCopy).Select(device => new PlanStep.DevicePreCopy(device.Id)));
        if (request.Tracking)
        {
            VfioDeviceState AtSync(PlanDevice device) =>
                RoundsInP2P(request, device) >= roundsLeft ? GraceState(request, device) : RunningState(request, device);
            steps.AddRange(Arcs(request.Devices, device => RunningState(request, device), AtSync));
            steps.Add(new PlanStep.Sync());
            steps.AddRange(Arcs(request.Devices, AtSync, device => RunningState(request, device)));
        }

        return steps;
    }

    private static List<PlanStep> Switchover(PlanRequest request, IReadOnlyList<PlanDevice> stopOrder)
    {
        var grace = Arcs(request.Devices, device => RunningState(request, device), device => GraceState(request, device));
        List<PlanStep> steps = request.Quiesce == QuiescePolicy.VcpusFirst ? [new PlanStep.PauseVcpus(), .. grace] : [.. grace, new PlanStep.PauseVcpus()];
        steps.AddRange(Arcs(stopOrder, device => GraceState(request, device), _ => StopCopy));
        steps.Add(request.Tracking ? new PlanStep.Sync() : new PlanStep.MarkAllDirty());
        steps.Add(new PlanStep.CopyDirty());
        if (request.Tracking)
        {
            steps.AddRange(request.Trackers.Select(tracker => new PlanStep.StopTracker(tracker.Name)));
        }

        steps.AddRange(request.Devices.Select(device => new PlanStep.DeviceStopCopy(device.Id)));
        steps.Add(new PlanStep.SendVcpus());
        if (request.Verify)
        {
            steps.Add(new PlanStep.Verify());
        }

        steps.Add(new PlanStep.Prepare());
        steps.Add(new PlanStep.Commit());
        return steps;
    }

    // A device of the destination is fresh from its reset and does nothing, so one request takes it all the way to RESUMING.
    private static List<PlanStep> Load(IReadOnlyList<PlanDevice> devices) =>
    [
        .. Arcs(devices, _ => Running, _ => Resuming),
        .. devices.Select(device => new PlanStep.LoadDevice(device.Id)),
        .. Arcs(devices, _ => Resuming, _ => Stop),
        new PlanStep.LoadVcpus(),
    ];

    private static List<PlanStep> Start(IReadOnlyList<PlanDevice> stopOrder) =>
    [
        .. DeviceStart.Steps(stopOrder, _ => Stop),
        new PlanStep.ResumeVcpus(),
    ];

    private static IEnumerable<PlanStep> Arcs(
        IEnumerable<PlanDevice> devices, Func<PlanDevice, VfioDeviceState> from, Func<PlanDevice, VfioDeviceState> to) =>
        devices.Where(device => from(device) != to(device)).Select(device => new PlanStep.DeviceArc(device.Id, from(device), to(device)));
}

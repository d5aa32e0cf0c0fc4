using Ferry.Linux.Vfio;
using Ferry.Migration.Planning;
using static Ferry.Linux.Vfio.VfioDeviceState;

namespace Ferry.Migration.Tests.Planning;

/// <summary>Says what is wrong with a plan, by living through it with every number of rounds from none to two.</summary>
internal static class PlanChecker
{
    internal static List<string> Check(PlanRequest request, MigrationPlan plan)
    {
        var violations = new List<string>();
        foreach (var steps in SourceRuns(plan))
        {
            var source = new PlanModel(request, isDestination: false, violations);
            source.Run(steps);
            Require(source.Committed, "the source never commits", violations);
        }

        foreach (var roundsLeft in (int[])[1, 2, 3, 4, 17, int.MaxValue])
        {
            CheckRound(request, plan, roundsLeft, violations);
        }

        Require(request.Tracking || plan.FinalRounds.Count == 0, "rounds without a sync differ near the end", violations);
        CheckEarly(request, plan, violations);
        CheckQuiesce(request, plan, violations);
        CheckDestination(request, plan, violations);
        return violations;
    }

    /// <summary>The source's steps, with the numbers of rounds that matter.</summary>
    internal static IEnumerable<PlanStep[]> SourceRuns(MigrationPlan plan)
    {
        yield return [.. plan.Setup, .. plan.Switchover];
        yield return [.. plan.Setup, .. plan.Round, .. plan.Switchover];
        yield return [.. plan.Setup, .. plan.Round, .. plan.Round, .. plan.RoundFor(3), .. plan.RoundFor(2), .. plan.RoundFor(1), .. plan.Switchover];
    }

    private static void Require(bool holds, string violation, List<string> violations)
    {
        if (!holds)
        {
            violations.Add(violation);
        }
    }

    private static void CheckDestination(PlanRequest request, MigrationPlan plan, List<string> violations)
    {
        var destination = new PlanModel(request, isDestination: true, violations);
        destination.Run(plan.Load);
        destination.BeginDestinationStart();
        destination.Run(plan.Start);
        Require(destination.VcpusRun, "the vCPUs never start", violations);
        Require(destination.States.Values.All(state => state == Running), "a device never runs", violations);
        var order = plan.Start.OfType<PlanStep.DeviceArc>().ToList();
        var firstRunning = order.FindIndex(arc => arc.To == Running);
        var lastP2P = order.FindLastIndex(arc => arc.To == RunningP2P);
        Require(firstRunning < 0 || lastP2P < firstRunning, "a device runs before all that can are in RUNNING_P2P", violations);
        var able = request.Devices.Where(device => device.Migration.HasFlag(VfioMigrationFlags.P2P)).Select(device => device.Id);
        Require(able.All(device => order.Exists(arc => arc.Device == device && arc.To == RunningP2P)), "a device skips RUNNING_P2P", violations);
    }

    // A round has to do its work, and to leave every device as it found it.
    private static void CheckRound(
        PlanRequest request, MigrationPlan plan, int roundsLeft, List<string> violations)
    {
        var round = plan.RoundFor(roundsLeft);
        var preCopying = request.PreCopy ? request.Devices.Where(device => !device.QuiesceEarly && device.Migration.HasFlag(VfioMigrationFlags.PreCopy)).ToList() : [];
        VfioDeviceState Expected(PlanDevice device) => device.QuiesceEarly ? Stop : preCopying.Contains(device) ? PreCopy : Running;
        bool IsSilent(PlanDevice device) =>
            !device.QuiesceEarly && (device.P2PSync ?? request.P2PSync).LastRounds >= roundsLeft && device.Migration.HasFlag(VfioMigrationFlags.P2P);
        Require(plan.RoundLimit == (request.Tracking ? null : preCopying.Count > 0 ? 1 : 0), "the round limit fits no switch", violations);
        Require(
            round.OfType<PlanStep.DevicePreCopy>().Select(step => step.Device).Order().SequenceEqual(preCopying.Select(device => device.Id).Order()),
            "a round sends pre-copy data of others than the devices that have it", violations);
        var copies = round.OfType<PlanStep.CopyDirty>().Count();
        var syncs = round.OfType<PlanStep.Sync>().Count();
        Require(copies == syncs && copies == (request.Tracking ? 1 : 0), "a round doesn't copy once and sync once", violations);
        var model = new PlanModel(request, isDestination: false, []);
        model.Run(plan.Setup);
        var before = model.States.ToArray();
        Require(request.Devices.All(device => model.States[device.Id] == Expected(device)), "a round begins in the wrong states", violations);
        var copied = false;
        foreach (var step in round)
        {
            model.Run(step);
            copied |= step is PlanStep.CopyDirty;
            if (step is PlanStep.Sync)
            {
                Require(copied, "a round syncs before it copies", violations);
                Require(
                    request.Devices.All(device => (model.States[device.Id] is RunningP2P or PreCopyP2P) == IsSilent(device)),
                    "a round syncs in states that the policy excludes", violations);
            }
        }

        Require(before.SequenceEqual(model.States), "a round leaves devices in other states than it found", violations);
    }

    // What stops early does so before anything is tracked, and stays stopped until all others stop.
    private static void CheckEarly(PlanRequest request, MigrationPlan plan, List<string> violations)
    {
        var setup = plan.Setup.ToList();
        var firstOther = setup.FindIndex(step => step is not PlanStep.DeviceArc);
        foreach (var device in request.Devices)
        {
            var stops = setup.FindIndex(step => step is PlanStep.DeviceArc { To: Stop } arc && arc.Device == device.Id);
            Require(stops >= 0 == device.QuiesceEarly, "a device stops early against the policy, or does not", violations);
            Require(firstOther < 0 || stops < firstOther, "a device stops after tracking began", violations);
        }
    }

    private static void CheckQuiesce(PlanRequest request, MigrationPlan plan, List<string> violations)
    {
        var steps = plan.Switchover.ToList();
        var pause = steps.FindIndex(step => step is PlanStep.PauseVcpus);
        var grace = steps.Select((step, index) => (step, index))
            .Where(each => each.step is PlanStep.DeviceArc { To: RunningP2P or PreCopyP2P }).Select(each => each.index).ToList();
        Require(
            grace.TrueForAll(index => index > pause == (request.Quiesce == QuiescePolicy.VcpusFirst)),
            "the grace is on the wrong side of the vCPUs' stop", violations);
    }
}

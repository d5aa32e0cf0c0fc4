using Ferry.Migration.Planning;
using Xunit;
using static Ferry.Linux.Vfio.VfioDeviceState;
using Can = Ferry.Linux.Vfio.VfioMigrationFlags;

namespace Ferry.Migration.Tests.Planning;

/// <summary>The checker sees what is wrong with broken plans, so that its silence means something.</summary>
public sealed class PlanMutationTests
{
    private static readonly (string Name, Func<MigrationPlan, IReadOnlyList<PlanStep>> Get, Func<MigrationPlan, PlanStep[], MigrationPlan> With)[] Phases =
    [
        ("setup", plan => plan.Setup, (plan, steps) => plan with { Setup = steps }),
        ("round", plan => plan.Round, (plan, steps) => plan with { Round = steps }),
        ("last round", plan => plan.FinalRounds is [var last, ..] ? last.Steps : [], (plan, steps) => WithFinal(plan, 0, steps)),
        ("last of the last rounds", plan => plan.FinalRounds is [_, .., var last] ? last.Steps : [], (plan, steps) => WithFinal(plan, plan.FinalRounds.Count - 1, steps)),
        ("switchover", plan => plan.Switchover, (plan, steps) => plan with { Switchover = steps }),
        ("load", plan => plan.Load, (plan, steps) => plan with { Load = steps }),
        ("start", plan => plan.Start, (plan, steps) => plan with { Start = steps }),
    ];

    [Fact]
    public void A_plan_without_one_of_its_steps_is_caught()
    {
        var dropped = 0;
        foreach (var (request, plan, phase, steps) in AllPhases())
        {
            for (var i = 0; i < steps.Count; i++)
            {
                PlanStep[] without = [.. steps.Take(i), .. steps.Skip(i + 1)];
                AssertCaught(request, phase.With(plan, without), $"{phase.Name} without {steps[i]}");
                dropped++;
            }
        }

        Assert.True(dropped > 700, $"{dropped}");
    }

    [Fact]
    public void A_plan_with_a_step_twice_is_caught_where_twice_is_wrong()
    {
        foreach (var (request, plan, phase, steps) in AllPhases())
        {
            for (var i = 0; i < steps.Count; i++)
            {
                // Reading, copying, marking and comparing once more is only slow.
                if (steps[i] is PlanStep.Sync or PlanStep.CopyDirty or PlanStep.MarkAllDirty or PlanStep.Verify)
                {
                    continue;
                }

                AssertCaught(request, phase.With(plan, [.. steps.Take(i + 1), .. steps.Skip(i)]), $"{phase.Name} with {steps[i]} twice");
            }
        }
    }

    [Fact]
    public void A_plan_with_two_neighbours_swapped_is_caught_unless_their_order_is_free()
    {
        var swapped = 0;
        foreach (var (request, plan, phase, steps) in AllPhases())
        {
            for (var i = 0; i + 1 < steps.Count; i++)
            {
                if (IsOrderFree(request, steps[i], steps[i + 1]))
                {
                    continue;
                }

                PlanStep[] other = [.. steps.Take(i), steps[i + 1], steps[i], .. steps.Skip(i + 2)];
                AssertCaught(request, phase.With(plan, other), $"{phase.Name} with {steps[i + 1]} before {steps[i]}");
                swapped++;
            }
        }

        Assert.True(swapped > 200, $"{swapped}");
    }

    [Fact]
    public void A_peer_that_stops_too_early_is_caught()
    {
        var request = MigrationPlannerTests.Request(MigrationPlannerTests.Device("a", Can.StopCopy, "b"), MigrationPlannerTests.Device("b", Can.StopCopy));
        var plan = MigrationPlannerTests.Planned(request);
        var steps = plan.Switchover.ToArray();
        var first = Array.FindIndex(steps, step => step is PlanStep.DeviceArc);
        (steps[first], steps[first + 1]) = (steps[first + 1], steps[first]);
        var violations = PlanChecker.Check(request, plan with { Switchover = steps });
        Assert.Contains(violations, violation => violation.Contains("may write into b", StringComparison.Ordinal));
    }

    [Fact]
    public void A_state_that_the_device_lacks_is_caught()
    {
        var request = MigrationPlannerTests.Request(MigrationPlannerTests.Device("a", Can.StopCopy | Can.PreCopy));
        var plan = MigrationPlannerTests.Planned(request);
        PlanStep[] steps = [.. plan.Round, new PlanStep.DeviceArc("a", PreCopy, PreCopyP2P), new PlanStep.DeviceArc("a", PreCopyP2P, PreCopy)];
        Assert.Contains(PlanChecker.Check(request, plan with { Round = steps }), violation => violation.Contains("is no way", StringComparison.Ordinal));
    }

    private static MigrationPlan WithFinal(MigrationPlan plan, int index, PlanStep[] steps) =>
        plan with { FinalRounds = [.. plan.FinalRounds.Select((round, i) => i == index ? round with { Steps = steps } : round)] };

    private static IEnumerable<(PlanRequest, MigrationPlan, (string Name, Func<MigrationPlan, IReadOnlyList<PlanStep>> Get, Func<MigrationPlan, PlanStep[], MigrationPlan> With), IReadOnlyList<PlanStep>)> AllPhases()
    {
        foreach (var (policy, early) in PlanPropertyTests.Policies().SelectMany(policy => (bool[])[false, true], (policy, early) => (policy, early)))
        {
            var request = policy(
            [
                PlanPropertyTests.Device(0, Can.StopCopy | Can.P2P | Can.PreCopy, early ? [] : ["b"]),
                PlanPropertyTests.Device(1, early ? Can.StopCopy | Can.P2P : Can.StopCopy, "a", "c") with { QuiesceEarly = early },
                PlanPropertyTests.Device(2, Can.StopCopy | Can.P2P, "a") with { P2PSync = P2PSyncPolicy.Last(3) },
            ]);
            // With these on a plan has every kind of step; off it has fewer.
            if (!request.Verify || request.Trackers.Count < 2)
            {
                continue;
            }

            var plan = MigrationPlannerTests.Planned(request);
            foreach (var phase in Phases)
            {
                yield return (request, plan, phase, phase.Get(plan));
            }
        }
    }

    private static void AssertCaught(PlanRequest request, MigrationPlan broken, string mutation) =>
        Assert.True(PlanChecker.Check(request, broken).Count > 0, $"{PlanPropertyTests.Describe(request)}: {mutation} was not caught");

    private static bool IsOrderFree(PlanRequest request, PlanStep first, PlanStep second) => (first, second) switch
    {
        (PlanStep.DeviceArc a, PlanStep.DeviceArc b) => !IsTied(request, a, b),
        (PlanStep.StartTracker, PlanStep.StartTracker) or (PlanStep.StopTracker, PlanStep.StopTracker) => true,
        (PlanStep.StopTracker, PlanStep.DeviceStopCopy) => true,
        (PlanStep.DevicePreCopy or PlanStep.DeviceStopCopy or PlanStep.LoadDevice, PlanStep.DevicePreCopy or PlanStep.DeviceStopCopy or PlanStep.LoadDevice) => true,
        (PlanStep.DeviceStopCopy or PlanStep.StopTracker, PlanStep.SendVcpus) => true,
        (PlanStep.SendVcpus, PlanStep.Verify) or (PlanStep.StopTracker, PlanStep.Verify) => true,
        // The last silent moment decides, not which state a device pre-copies in meanwhile.
        (PlanStep.MarkAllDirty, PlanStep.DeviceArc) or (PlanStep.CopyDirty, PlanStep.DevicePreCopy) => true,
        (PlanStep.DevicePreCopy, PlanStep.Sync) or (PlanStep.CopyDirty, PlanStep.DeviceArc { To: RunningP2P }) => true,
        (PlanStep.DevicePreCopy, PlanStep.DeviceArc) => true,
        // Copied from one bitmap: a tracker that has nothing left to report may stop before or after.
        (PlanStep.CopyDirty, PlanStep.StopTracker) or (PlanStep.CopyDirty, PlanStep.DeviceStopCopy) => true,
        (PlanStep.DeviceArc { To: Stop }, PlanStep.LoadVcpus) => true,
        (PlanStep.LoadDevice load, PlanStep.DeviceArc arc) => load.Device != arc.Device,
        (PlanStep.DeviceArc arc, PlanStep.LoadDevice load) => load.Device != arc.Device,
        _ => false,
    };

    // Arcs of two devices are tied where one enters or leaves the peer-to-peer grace and the other stops, runs or stops being reached.
    private static bool IsTied(PlanRequest request, PlanStep.DeviceArc a, PlanStep.DeviceArc b)
    {
        if (a.Device == b.Device)
        {
            return true;
        }

        PlanDevice Find(string id) => request.Devices.Single(device => device.Id == id);
        bool LacksP2PAndReaches(PlanStep.DeviceArc one, PlanStep.DeviceArc other) =>
            !Find(one.Device).Migration.HasFlag(Can.P2P) && Find(one.Device).Reaches.Contains(other.Device);
        bool IsGraceBefore(PlanStep.DeviceArc one, PlanStep.DeviceArc other) =>
            one is { From: Running or PreCopy, To: RunningP2P or PreCopyP2P } && other.To == StopCopy;
        bool IsStartBefore(PlanStep.DeviceArc one, PlanStep.DeviceArc other) => one is { From: Stop, To: RunningP2P } && other.To == Running;
        return (a.To == StopCopy && (LacksP2PAndReaches(a, b) || LacksP2PAndReaches(b, a)))
            || IsGraceBefore(a, b) || IsStartBefore(a, b) || (a is { From: Stop, To: Running } && b is { From: RunningP2P, To: Running });
    }
}

using Ferry.Linux.Vfio;
using Ferry.Migration.Planning;

namespace Ferry.Simulation.Tests.Running;

/// <summary>Plans with one rule broken.</summary>
internal static class Mutations
{
    public static MigrationPlan Break(MigrationPlan plan, Mutation mutation) => mutation switch
    {
        Mutation.SyncBeforeDevicesStop => plan with { Switchover = MoveToFront<PlanStep.Sync>(plan.Switchover) },
        Mutation.NoFinalSync => plan with { Switchover = Without<PlanStep.Sync>(plan.Switchover) },
        Mutation.NoFinalCopy => plan with { Switchover = Without<PlanStep.CopyDirty>(plan.Switchover) },
        Mutation.VcpusRunDuringFinalSync => plan with { Switchover = MoveBehind<PlanStep.PauseVcpus, PlanStep.Sync>(plan.Switchover) },
        Mutation.TrackerStartsAfterFirstCopy => plan with
        {
            Setup = [.. plan.Setup.Where(step => step is PlanStep.MarkAllDirty), new PlanStep.CopyDirty(), .. plan.Setup.Where(step => step is not PlanStep.MarkAllDirty)],
        },
        Mutation.TrackerStopsBeforeFinalSync => plan with
        {
            Switchover = [.. plan.Switchover.OfType<PlanStep.StopTracker>(), .. plan.Switchover.Where(step => step is not PlanStep.StopTracker)],
        },
        Mutation.CommitBeforePrepare => plan with { Switchover = [.. plan.Switchover.SkipLast(2), plan.Switchover[^1], plan.Switchover[^2]] },
        Mutation.NoVcpuState => plan with { Switchover = Without<PlanStep.SendVcpus>(plan.Switchover), Load = Without<PlanStep.LoadVcpus>(plan.Load) },
        Mutation.NoDeviceState => plan with { Switchover = Without<PlanStep.DeviceStopCopy>(plan.Switchover) },
        Mutation.StartsBeforeCommit => plan with { Load = [.. plan.Load, .. plan.Start] },
        Mutation.VcpusRunBeforeDevices => plan with { Start = [plan.Start[^1], .. plan.Start.SkipLast(1)] },
        Mutation.DevicesStopInReverse => plan with { Switchover = Reverse(plan.Switchover, VfioDeviceState.StopCopy) },
        Mutation.DevicesStartInReverse => plan with { Start = [.. StraightInStopOrder(plan), plan.Start[^1]] },
        _ => plan,
    };

    private static List<PlanStep> Without<T>(IReadOnlyList<PlanStep> steps) => [.. steps.Where(step => step is not T)];

    private static List<PlanStep> MoveToFront<T>(IReadOnlyList<PlanStep> steps) => [.. steps.Where(step => step is T), .. Without<T>(steps)];

    private static List<PlanStep> MoveBehind<T, TOther>(IReadOnlyList<PlanStep> steps)
    {
        var rest = Without<T>(steps);
        var behind = rest.FindIndex(step => step is TOther);
        rest.InsertRange(behind + 1, steps.Where(step => step is T));
        return rest;
    }

    private static IEnumerable<PlanStep> StraightInStopOrder(MigrationPlan plan) =>
        plan.Switchover.OfType<PlanStep.DeviceArc>().Where(arc => arc.To == VfioDeviceState.StopCopy).Select(arc => new PlanStep.DeviceArc(arc.Device, VfioDeviceState.Stop, VfioDeviceState.Running));

    private static List<PlanStep> Reverse(IReadOnlyList<PlanStep> steps, VfioDeviceState to)
    {
        var arcs = new Stack<PlanStep>(steps.Where(step => step is PlanStep.DeviceArc arc && arc.To == to));
        return [.. steps.Select(step => step is PlanStep.DeviceArc arc && arc.To == to ? arcs.Pop() : step)];
    }
}

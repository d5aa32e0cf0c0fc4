using Ferry.Linux.Vfio;
using Ferry.Migration.Planning;

namespace Ferry.Migration.Execution;

/// <summary>What steps are called in reports and messages.</summary>
internal static class StepNames
{
    internal static string Of(PlanStep step) => step switch
    {
        PlanStep.StartTracker start => $"start tracker {start.Tracker}",
        PlanStep.StopTracker stop => $"stop tracker {stop.Tracker}",
        PlanStep.Sync => "sync dirty pages",
        PlanStep.DeviceArc arc => $"device {arc.Device} {VfioMigrationNames.Of(arc.From)} -> {VfioMigrationNames.Of(arc.To)}",
        PlanStep.MarkAllDirty => "mark all pages dirty",
        PlanStep.CopyDirty => "copy dirty pages",
        PlanStep.DevicePreCopy device => $"pre-copy of device {device.Device}",
        PlanStep.PauseVcpus => "pause vCPUs",
        PlanStep.DeviceStopCopy device => $"stop-copy of device {device.Device}",
        PlanStep.SendVcpus => "send vCPU state",
        PlanStep.Verify => "verify memory",
        PlanStep.Prepare => "prepare",
        PlanStep.Commit => "commit and start",
        PlanStep.LoadDevice device => $"load device {device.Device}",
        PlanStep.LoadVcpus => "load vCPU state",
        PlanStep.ResumeVcpus => "resume vCPUs",
        _ => step.GetType().Name,
    };
}

using Ferry.Linux.Vfio;

namespace Ferry.Migration.Planning;

/// <summary>Describes the steps of one side, keeping count of them and of the states they lead to.</summary>
internal sealed class PlanWriter(IReadOnlyList<PlanDevice> devices, int written = 0)
{
    private readonly Dictionary<string, VfioDeviceState> _states = devices.ToDictionary(device => device.Id, _ => VfioDeviceState.Running, StringComparer.Ordinal);
    private readonly bool _isDestination = written > 0;
    private bool _vcpusRun = written == 0;

    internal int Written { get; private set; } = written;

    internal PlanPhaseDocument Phase(string name, string side, string when, IReadOnlyList<PlanStep> steps) =>
        new(name, side, when, [.. steps.Select(Step)]);

    private PlanStepDocument Step(PlanStep step)
    {
        Apply(step);
        var document = new PlanStepDocument
        {
            Number = ++Written,
            Kind = Kind(step),
            Text = Text(step),
            States = [.. devices.Select(device => Name(_states[device.Id]))],
            VcpusRun = _vcpusRun,
        };
        return step switch
        {
            PlanStep.DeviceArc arc => document with { Device = arc.Device, From = Name(arc.From), To = Name(arc.To) },
            PlanStep.StartTracker start => document with { Tracker = start.Tracker, Sources = start.Sources, PageSizeBytes = start.PageSize.Bytes },
            PlanStep.StopTracker stop => document with { Tracker = stop.Tracker },
            PlanStep.DevicePreCopy preCopy => document with { Device = preCopy.Device },
            PlanStep.DeviceStopCopy stopCopy => document with { Device = stopCopy.Device },
            PlanStep.LoadDevice load => document with { Device = load.Device },
            _ => document,
        };
    }

    private void Apply(PlanStep step)
    {
        switch (step)
        {
            case PlanStep.DeviceArc arc: _states[arc.Device] = arc.To; break;
            case PlanStep.PauseVcpus: _vcpusRun = false; break;
            case PlanStep.ResumeVcpus: _vcpusRun = true; break;
            default: break;
        }
    }

    private static string Kind(PlanStep step) => step switch
    {
        PlanStep.StartTracker => "startTracker",
        PlanStep.Sync => "sync",
        PlanStep.StopTracker => "stopTracker",
        PlanStep.DeviceArc => "deviceArc",
        PlanStep.MarkAllDirty => "markAllDirty",
        PlanStep.CopyDirty => "copyDirty",
        PlanStep.DevicePreCopy => "devicePreCopy",
        PlanStep.PauseVcpus => "pauseVcpus",
        PlanStep.DeviceStopCopy => "deviceStopCopy",
        PlanStep.SendVcpus => "sendVcpus",
        PlanStep.Verify => "verify",
        PlanStep.Prepare => "prepare",
        PlanStep.Commit => "commit",
        PlanStep.LoadDevice => "loadDevice",
        PlanStep.LoadVcpus => "loadVcpus",
        PlanStep.ResumeVcpus => "resumeVcpus",
        _ => throw new ArgumentOutOfRangeException(nameof(step), step, "A step without a name."),
    };

    private string Text(PlanStep step) => step switch
    {
        PlanStep.StartTracker start => $"start tracker {start.Tracker} at {start.PageSize} for {string.Join(", ", start.Sources)}",
        PlanStep.Sync => "read and clear all trackers into the one bitmap",
        PlanStep.StopTracker stop => $"stop tracker {stop.Tracker}",
        PlanStep.DeviceArc arc => $"{arc.Device}: {Name(arc.From)} -> {Name(arc.To)}",
        PlanStep.MarkAllDirty => "mark every mapped page dirty",
        PlanStep.CopyDirty => "copy every dirty page",
        PlanStep.DevicePreCopy preCopy => $"{preCopy.Device}: send what pre-copy data there is",
        PlanStep.PauseVcpus => "stop the vCPUs",
        PlanStep.DeviceStopCopy stopCopy => $"{stopCopy.Device}: send the rest of its state",
        PlanStep.SendVcpus => "send the state of the vCPUs",
        PlanStep.Verify => "compare hashes of all guest memory",
        PlanStep.Prepare => "ask the destination whether it holds the whole machine",
        PlanStep.Commit => "commit: the machine is the destination's",
        PlanStep.LoadDevice load => $"{load.Device}: load its state",
        PlanStep.LoadVcpus => "load the state of the vCPUs",
        PlanStep.ResumeVcpus => _isDestination ? "start the vCPUs" : "resume the vCPUs",
        _ => throw new ArgumentOutOfRangeException(nameof(step), step, "A step without a text."),
    };

    private static string Name(VfioDeviceState state) => VfioMigrationNames.Of(state);
}

using Ferry.Linux.Vfio;
using static Ferry.Linux.Vfio.VfioDeviceState;

namespace Ferry.Migration.Planning;

/// <summary>Makes the steps that bring the source back from any point before the hand-over commits. Pure and thread-safe.</summary>
public static class RollbackPlanner
{
    /// <summary>Plans the way back: devices to RUNNING, vCPUs resumed where they were stopped, then trackers stopped.</summary>
    /// <param name="plan">The plan that was under way.</param>
    /// <param name="stepsDone">The source's steps that were completed, in order, rounds as often as they ran; also a
    /// <see cref="PlanStep.PauseVcpus"/> that failed, since it may have stopped some.</param>
    /// <param name="statesNow">States that differ from what the steps led to, by device id: where a step failed, the device may be
    /// anywhere on that step's way.</param>
    /// <exception cref="InvalidOperationException">The hand-over was committed: the machine is the destination's.</exception>
    /// <exception cref="ArgumentException">A step or a state names a device that the plan doesn't have.</exception>
    public static RollbackPlan Plan(
        MigrationPlan plan, IReadOnlyList<PlanStep> stepsDone, IReadOnlyDictionary<string, VfioDeviceState>? statesNow = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(stepsDone);
        var states = plan.Devices.ToDictionary(device => device.Id, _ => Running, StringComparer.Ordinal);
        var trackers = new List<string>();
        var vcpusPaused = false;
        foreach (var step in stepsDone)
        {
            switch (step)
            {
                case PlanStep.DeviceArc arc: Set(states, arc.Device, arc.To); break;
                case PlanStep.StartTracker start: trackers.Add(start.Tracker); break;
                case PlanStep.StopTracker stop: trackers.Remove(stop.Tracker); break;
                case PlanStep.PauseVcpus: vcpusPaused = true; break;
                case PlanStep.Commit: throw new InvalidOperationException("The hand-over was committed: the machine is the destination's and has no way back.");
                default: break;
            }
        }

        foreach (var (device, state) in statesNow ?? new Dictionary<string, VfioDeviceState>())
        {
            Set(states, device, state);
        }

        var back = StopOrder.Of(plan.Devices, out _).Where(device => states[device.Id] != Error).ToList();
        var steps = DeviceStart.Steps(back, device => states[device.Id]);
        if (vcpusPaused)
        {
            steps.Add(new PlanStep.ResumeVcpus());
        }

        // The guest waits for none of this.
        steps.AddRange(trackers.Select(tracker => new PlanStep.StopTracker(tracker)));
        return new RollbackPlan(steps, [.. plan.Devices.Where(device => states[device.Id] == Error).Select(device => device.Id)]);
    }

    private static void Set(Dictionary<string, VfioDeviceState> states, string device, VfioDeviceState state)
    {
        if (!states.ContainsKey(device))
        {
            throw new ArgumentException($"'{device}' is no device of this plan.");
        }

        states[device] = state;
    }
}

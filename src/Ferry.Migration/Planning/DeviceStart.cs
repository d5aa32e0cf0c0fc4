using Ferry.Linux.Vfio;
using static Ferry.Linux.Vfio.VfioDeviceState;

namespace Ferry.Migration.Planning;

/// <summary>Lets devices run from wherever they are: all that can in RUNNING_P2P first, then those without P2P, then RUNNING for the rest.</summary>
internal static class DeviceStart
{
    /// <param name="stopOrder">The devices in the order in which they may stop.</param>
    /// <param name="stateOf">The state that each is in.</param>
    internal static List<PlanStep> Steps(IReadOnlyList<PlanDevice> stopOrder, Func<PlanDevice, VfioDeviceState> stateOf)
    {
        var steps = new List<PlanStep>();
        var able = stopOrder.Where(device => device.Has(VfioMigrationFlags.P2P)).Reverse().ToList();
        // One that already runs, in PRE_COPY for instance, has no need of the grace and has no stopped peer to spare.
        foreach (var device in able.Where(device => stateOf(device) is not (Running or RunningP2P or PreCopy)))
        {
            steps.Add(new PlanStep.DeviceArc(device.Id, stateOf(device), RunningP2P));
        }

        foreach (var device in stopOrder.Reverse().Where(device => !device.Has(VfioMigrationFlags.P2P) && stateOf(device) != Running))
        {
            steps.Add(new PlanStep.DeviceArc(device.Id, stateOf(device), Running));
        }

        foreach (var device in able.Where(device => stateOf(device) != Running))
        {
            steps.Add(new PlanStep.DeviceArc(device.Id, stateOf(device) == PreCopy ? PreCopy : RunningP2P, Running));
        }

        return steps;
    }
}

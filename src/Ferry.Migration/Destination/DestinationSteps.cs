using Ferry.Linux.Vfio;
using Ferry.Migration.Execution;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;

namespace Ferry.Migration.Destination;

/// <summary>Carries out the destination's steps: arcs up to RESUMING before the first state byte, the rest when all has come, start after commit.</summary>
internal sealed class DestinationSteps
{
    private readonly ReceiveContext _context;
    private readonly DeviceReceiver[] _devices;
    private readonly HashSet<PlanStep> _entered = new(ReferenceEqualityComparer.Instance);

    internal DestinationSteps(ReceiveContext context)
    {
        _context = context;
        _devices = [.. context.Machine.Devices.Select(device => new DeviceReceiver(device, context.Options.MaxDeviceStateBytes, context.Events))];
    }

    internal IReadOnlyList<DeviceReceiver> Devices => _devices;

    internal StateReceiver Vcpus { get; } = new("the vCPUs");

    /// <summary>What is known ahead of that, the last that came.</summary>
    internal StateReceiver Ahead { get; } = new("what is loaded ahead");

    /// <summary>Takes each device to where its state can be loaded.</summary>
    internal void Enter()
    {
        var load = _context.Options.Load;
        foreach (var step in load.OfType<PlanStep.DeviceArc>().Where(arc => load.TakeWhile(each => each is not PlanStep.LoadDevice loaded || loaded.Device != arc.Device).Contains(arc)))
        {
            Run(step);
            _entered.Add(step);
        }
    }

    /// <summary>Checks that everything came and stands still, and loads the vCPUs.</summary>
    internal void Finish()
    {
        foreach (var step in _context.Options.Load.Where(step => !_entered.Contains(step)))
        {
            Run(step);
        }

        foreach (var device in _devices)
        {
            if (!device.IsComplete || device.State != VfioDeviceState.Stop)
            {
                throw new MigrationFailedException(
                    FailureKind.Verification,
                    $"Device {device.Id} is in {VfioMigrationNames.Of(device.State)} and its state is {(device.IsComplete ? "complete" : "not complete")}; it has to be complete and in STOP.");
            }
        }

        if (!Vcpus.IsLoaded)
        {
            throw new MigrationFailedException(FailureKind.Verification, "The state of the vCPUs was not loaded.");
        }
    }

    /// <summary>Lets the machine run here.</summary>
    internal void Start()
    {
        foreach (var step in _context.Options.Start)
        {
            Run(step);
        }
    }

    private void Run(PlanStep step)
    {
        var begun = _context.Clock.Begin(step);
        switch (step)
        {
            case PlanStep.DeviceArc arc:
                Device(arc.Device).SetState(arc.To);
                break;
            case PlanStep.LoadDevice load:
                if (!Device(load.Device).IsComplete)
                {
                    throw new MigrationFailedException(FailureKind.Verification, $"The state of device {load.Device} did not come, or not all of it.");
                }

                break;
            case PlanStep.LoadVcpus:
                Vcpus.Load(_context.Machine.LoadVcpus);
                break;
            case PlanStep.ResumeVcpus:
                _context.Machine.ResumeVcpus();
                break;
            default:
                throw new MigrationFailedException(FailureKind.Error, $"The step '{StepNames.Of(step)}' is none for a destination.");
        }

        _context.Clock.End(step, begun);
    }

    private DeviceReceiver Device(string id) => _devices.FirstOrDefault(device => device.Id == id)
        ?? throw new MigrationFailedException(FailureKind.Error, $"The plan names device {id}, which the machine doesn't have.");
}

using Ferry.Lab.Commands;
using Ferry.Lab.Devices;

namespace Ferry.Lab.Checks;

/// <summary>A kernel device whose log misses writes: the ferry command finds memory to be otherwise on the other side, and the machine goes on where it was.</summary>
internal sealed class RunRnicMissesCheck : ILabCheck
{
    private const string Id = "nic0";

    /// <inheritdoc/>
    public string Name => "run-rnic-misses";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        var options = new RnicOptions { RateBytes = 512 << 10, StateBytes = 65536, Defect = "log-misses" };
        using var here = options.Create();
        using var there = options.Create();
        using var source = MachineProcess.Run(LabMachines.With(Id, "rnic", here.Folder));
        using var destination = MachineProcess.Receive(LabMachines.With(Id, "rnic", there.Folder));
        source.WaitReady();
        RunRnicKernelCheck.WaitForMessages(source, 32);
        // So slowly that the device makes some hundred writes on the way: one in 64 is missed, and only those of messages stay.
        var reason = source.FailToMoveTo(destination, "--tracker-devices", "vfio-device", "--bandwidth", "512K");
        LabContext.Require(reason.Contains("hash", StringComparison.OrdinalIgnoreCase) || reason.Contains("memory", StringComparison.OrdinalIgnoreCase), $"the move failed for another reason: {reason}");
        RunRnicKernelCheck.WaitForMessages(source, source.CountMessages() + 32);
        source.Quit();
        return $"rolled back, and goes on: {reason}";
    }
}

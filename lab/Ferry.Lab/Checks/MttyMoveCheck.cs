using System.IO.Hashing;
using Ferry.Lab.Devices;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Migration.Devices;
using Ferry.Migration.Reports;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Checks;

/// <summary>A machine with a kernel device moves to another process, over TCP, with the device's state and all memory.</summary>
internal sealed class MttyMoveCheck : ILabCheck
{
    /// <summary>The verb of ferry-lab by which the check starts the other process.</summary>
    public const string DestinationVerb = "mtty-destination";

    private const byte Mark = 0x5a;

    /// <inheritdoc/>
    public string Name => "mtty-move";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var sourceDevice = MediatedDevice.Create("mtty", "mtty-2");
        using var destinationDevice = MediatedDevice.Create("mtty", "mtty-2");
        using var mtty = new MttyDevice(VfioFiles.OpenDevice(sourceDevice.Folder));
        using var device = new KernelDevice(DeviceMove.DeviceId, "mtty", mtty.Device);
        using var file = GuestMemoryFile.Create([(new(0), KernelMachine.MemoryBytes)]);
        var machine = new KernelMachine(file, device);
        mtty.ScratchByte = Mark;
        var memory = machine.Memory.GetSpan(new(0), (int)machine.Memory.TotalBytes);
        new Random(7).NextBytes(memory[(memory.Length / 2)..]);
        LabContext.Require(VfioDeviceTracker.TryCreate(mtty.Device, new(DeviceMove.DeviceId), out var log, out var reason), reason ?? "");
        using var logs = log;
        using var all = new AllTracker();
        machine.ResumeVcpus();
        var (report, arrived, exitCode) = DeviceMove.Run(
            machine, DeviceMove.Plan(all.Name), [all, logs], DestinationVerb, VfioFiles.OpenDevice(destinationDevice.Folder));
        LabContext.Require(report.Outcome == MigrationOutcome.Completed, $"the source says {report.Outcome}: {report.Reason}");
        LabContext.Require(arrived == Describe(ReceiveOutcome.Running, VfioDeviceState.Running, Mark, memory), $"the destination says {arrived}");
        LabContext.Require(!machine.IsRunning && device.State == VfioDeviceState.StopCopy, $"the source's device is in {device.State}");
        LabContext.Require(exitCode == 0, $"the destination ended with code {exitCode}");
        var moved = report.Devices.Single();
        return $"{moved.PreCopyBytes + moved.StopCopyBytes} bytes of state, {moved.PreCopyBytes} of them ahead, by {string.Join(", ", moved.States)}; {memory.Length} bytes of memory";
    }

    /// <summary>What the other process does: says its port, receives the machine, and says what arrived.</summary>
    public static int Receive(string path, TextWriter output)
    {
        using var mtty = new MttyDevice(path);
        using var device = new KernelDevice(DeviceMove.DeviceId, "mtty", mtty.Device);
        using var file = GuestMemoryFile.Create([(new(0), KernelMachine.MemoryBytes)]);
        var machine = new KernelMachine(file, device);
        var report = DeviceMove.Receive(machine, DeviceMove.Plan("all"), output);
        output.WriteLine(Describe(report.Outcome, device.State, mtty.ScratchByte, machine.Memory.GetSpan(new(0), (int)machine.Memory.TotalBytes)) + report.Reason);
        return report.Outcome == ReceiveOutcome.Running ? 0 : 1;
    }

    private static string Describe(ReceiveOutcome outcome, VfioDeviceState state, byte mark, ReadOnlySpan<byte> memory) =>
        $"{outcome}, device in {state}, mark {mark:x2}, memory {XxHash3.HashToUInt64(memory):x16}";
}

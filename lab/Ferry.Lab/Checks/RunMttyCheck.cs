using Ferry.Lab.Commands;
using Ferry.Lab.Devices;

namespace Ferry.Lab.Checks;

/// <summary>The ferry command runs and moves a machine with a kernel device that the guest has no driver for; what the device held is there on the other side.</summary>
internal sealed class RunMttyCheck : ILabCheck
{
    private const string Id = "serial0";
    private const int Port = 0;

    // Registers of a 16550: what is sent and what was received, and a byte that it keeps.
    private const ulong Data = 0, Scratch = 7;
    private const byte Mark = 0x5a;
    private static readonly byte[] Sent = [0x46, 0x65, 0x72];

    /// <inheritdoc/>
    public string Name => "run-mtty";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var here = MediatedDevice.Create("mtty", "mtty-2");
        using var there = MediatedDevice.Create("mtty", "mtty-2");
        // The two hosts may differ in how they take it.
        using var source = MachineProcess.Run(LabMachines.With(Id, "mtty", here.Folder, "open = \"cdev\"", "ioas = \"serial\""));
        using var destination = MachineProcess.Receive(LabMachines.With(Id, "mtty", there.Folder));
        source.WaitReady();
        destination.WaitReady();
        var regions = source.AskDevice(Id).GetProperty("kernel").GetProperty("regions").EnumerateArray().Select(region => region.GetProperty("address").GetUInt64()).ToList();
        LabContext.Require(regions.Count == 2 && regions.Distinct().Count() == 2, $"the guest sees {regions.Count} regions of a device with two ports");
        // The command's own way to a register, and for the rest the same by its control socket. What the device sends it receives itself.
        FerryProcess.Run("tell", "register", "--control", source.Control, "--device", Id, "--region", "0", "--offset", "7", "--bytes", "1", "--set", "0x5a");
        Array.ForEach(Sent, each => source.WriteRegister(Id, Port, Data, 1, each));
        var report = source.MoveTo(destination, "--tracker-devices", "vfio-device");
        var device = report.GetProperty("devices").EnumerateArray().Single();
        LabContext.Require(device.GetProperty("stopCopyBytes").GetUInt64() + device.GetProperty("preCopyBytes").GetUInt64() > 0, "the device's state has no bytes");
        var mark = destination.ReadRegister(Id, Port, Scratch, 1);
        LabContext.Require(mark == Mark, $"the device's scratch register reads 0x{mark:x} on the other side");
        byte[] received = [.. Sent.Select(_ => (byte)destination.ReadRegister(Id, Port, Data, 1))];
        LabContext.Require(received.SequenceEqual(Sent), $"the device received {Convert.ToHexString(received)} on the other side");
        destination.Quit();
        return $"moved by {string.Join(", ", device.GetProperty("states").EnumerateArray())}; its FIFO and registers arrived, from an IOAS into a container";
    }
}

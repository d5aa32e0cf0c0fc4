using System.Text.Json;
using Ferry.Lab.Commands;
using Ferry.Lab.Devices;

namespace Ferry.Lab.Checks;

/// <summary>The ferry command runs a machine with a PCI device behind an IOMMU: the guest sees its BAR, its DMA reaches guest memory and nothing else, and
/// since it can't save its state, plan and migration are refused with the reason.</summary>
internal sealed class RunEduCheck : ILabCheck
{
    private const string Id = "edu0";
    private const int Bar = 0, Configuration = 7;
    private const ulong BarBytes = 1 << 20;
    private const ulong IdRegister = 0, SourceRegister = 0x80, DestinationRegister = 0x88, CountRegister = 0x90, CommandRegister = 0x98;
    private const ulong CommandRun = 1, CommandToMemory = 2, Buffer = 0x40000;
    private const ulong PciCommand = 4, MemoryAndMaster = 6;
    private const ulong MemoryBytes = 64 << 20;

    // Where the guest's program is, and where nothing is.
    private const ulong Program = 0x10000, Free = MemoryBytes - 4096;

    /// <inheritdoc/>
    public string Name => "run-edu";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var bound = PassthroughDevice.Bind(EduDevice.Vendor, EduDevice.Device);
        using (var machine = MachineProcess.Run(LabMachines.With(Id, "edu", bound.Folder)))
        {
            machine.WaitReady();
            CheckBar(machine);
            CheckDma(machine);
            CheckRefusal(machine);
            machine.Quit();
        }

        using (var machine = MachineProcess.Run(LabMachines.With(Id, "edu", bound.Folder, "open = \"cdev\"")))
        {
            machine.WaitReady();
            var skipped = Plan(machine, """{"rules":[{"devicesOnly":true,"with":["iommufd"]}]}""").GetProperty("skipped").ToString();
            LabContext.Require(skipped.Contains("sets no dirty bits", StringComparison.Ordinal), $"iommufd was left out because: {skipped}");
            machine.Quit();
        }

        return "BAR of 1 MiB mapped for the guest; DMA through type1 reached guest memory, and nothing behind it; plan and migration refused; iommufd left out, for want of dirty bits";
    }

    private static void CheckBar(MachineProcess machine)
    {
        var region = machine.AskDevice(Id).GetProperty("kernel").GetProperty("regions").EnumerateArray().Single(each => each.GetProperty("region").GetInt32() == Bar);
        LabContext.Require(
            region.GetProperty("bytes").GetUInt64() == BarBytes && region.GetProperty("mappedBytes").GetUInt64() == BarBytes && region.GetProperty("address").GetUInt64() % BarBytes == 0,
            $"the guest sees {region}");
        var command = machine.ReadRegister(Id, Configuration, PciCommand, 2);
        machine.WriteRegister(Id, Configuration, PciCommand, 2, command | MemoryAndMaster);
        var id = machine.ReadRegister(Id, Bar, IdRegister, 4);
        LabContext.Require((id & 0xff) == 0xed, $"the device says that it is {id:x}");
    }

    private static void CheckDma(MachineProcess machine)
    {
        var (program, copied) = (new byte[EduDevice.MaxBytes], new byte[EduDevice.MaxBytes]);
        machine.ReadMemory(Program, program);
        machine.ReadMemory(Free, copied);
        LabContext.Require(program.AsSpan().IndexOfAnyExcept((byte)0) >= 0 && copied.AsSpan().IndexOfAnyExcept((byte)0) < 0, "memory does not hold what the check needs");
        Transfer(machine, Program, Buffer, 0);
        Transfer(machine, Buffer, Free, CommandToMemory);
        machine.ReadMemory(Free, copied);
        LabContext.Require(copied.AsSpan().SequenceEqual(program), "what the device wrote by DMA is not in guest memory");
        // Nothing is mapped there; a device that got through would write what is behind guest memory in the lab.
        Transfer(machine, Buffer, MemoryBytes, CommandToMemory);
        machine.ReadMemory(Free, copied);
        LabContext.Require(copied.AsSpan().SequenceEqual(program), "a write behind guest memory changed it");
    }

    private static void CheckRefusal(MachineProcess machine)
    {
        var plan = Plan(machine, "{}");
        LabContext.Require(!plan.GetProperty("possible").GetBoolean(), "a device without migration was planned to be moved");
        var problems = plan.GetProperty("problems").ToString();
        LabContext.Require(
            problems.Contains(Id, StringComparison.Ordinal) && problems.Contains("supports no migration", StringComparison.Ordinal) && problems.Contains("Take it out of the machine", StringComparison.Ordinal),
            $"the plan is refused for {problems}");
        var covered = plan.GetProperty("coverage").EnumerateArray().Single(line => line.GetProperty("source").GetString() == Id);
        LabContext.Require(
            covered.GetProperty("tracker").GetString() == "type1" && covered.GetProperty("precision").GetString() == "all-mapped", $"its DMA is covered by {covered}");
        using var migrate = FerryProcess.Start("migrate", "--control", machine.Control, "--to", "127.0.0.1:4433");
        migrate.WaitForEnd(1);
        LabContext.Require(migrate.Said.Contains("supports no migration", StringComparison.Ordinal), $"the migration was refused for {migrate.Said}");
        var state = machine.Ask("""{"verb":"status"}""").GetProperty("status").GetProperty("state").GetString();
        LabContext.Require(state == "running", $"after the refusal the machine is {state}");
    }

    private static JsonElement Plan(MachineProcess machine, string request) => machine.Ask($$"""{"verb":"plan","migrate":{{request}}}""").GetProperty("plan");

    private static void Transfer(MachineProcess machine, ulong source, ulong destination, ulong direction)
    {
        machine.WriteRegister(Id, Bar, SourceRegister, 4, source);
        machine.WriteRegister(Id, Bar, DestinationRegister, 4, destination);
        machine.WriteRegister(Id, Bar, CountRegister, 4, EduDevice.MaxBytes);
        machine.WriteRegister(Id, Bar, CommandRegister, 4, CommandRun | direction);
        LabContext.WaitFor(() => (machine.ReadRegister(Id, Bar, CommandRegister, 4) & CommandRun) == 0, "the end of the device's transfer");
    }
}

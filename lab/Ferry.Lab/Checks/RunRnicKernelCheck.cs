using System.Text.Json;
using Ferry.Lab.Commands;
using Ferry.Lab.Devices;

namespace Ferry.Lab.Checks;

/// <summary>The guest's program drives a kernel device that writes its memory by DMA; the ferry command moves that machine twice, under the device's own log and then
/// under the container's tracking. With a log that misses writes the move is found to be wrong, and the machine goes on where it was.</summary>
internal sealed class RunRnicKernelCheck : ILabCheck
{
    private const string Id = "nic0";

    // The guest's processor is emulated by an emulated one.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly RnicOptions Good = new() { RateBytes = 128 << 10, StateBytes = 65536 };

    /// <inheritdoc/>
    public string Name => "run-rnic-kernel";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var first = Good.Create();
        using var second = Good.Create();
        using var third = Good.Create();
        string[] own = ["open = \"cdev\"", "ioas = \"nics\""];
        string[] grouped = ["open = \"group\"", "container = \"nics\""];
        using var source = MachineProcess.Run(LabMachines.With(Id, "rnic", first.Folder, own));
        using var next = MachineProcess.Receive(LabMachines.With(Id, "rnic", second.Folder, grouped));
        source.WaitReady();
        WaitForMessages(source, 32);
        LabContext.Require(source.AskDevice(Id).GetProperty("kernel").GetProperty("interrupts").GetUInt64() > 0, "no interrupt of the device came");
        var byLog = Describe(source.MoveTo(next, "--tracker-devices", "vfio-device"), "vfio-device", "exact");
        WaitForMessages(next, next.CountMessages() + 32);

        using var last = MachineProcess.Receive(LabMachines.With(Id, "rnic", third.Folder, grouped));
        var byContainer = Describe(next.MoveTo(last, "--tracker-devices", "type1"), "type1", "pinned-for-write");
        WaitForMessages(last, last.CountMessages() + 32);
        var fault = last.AskDevice(Id).GetProperty("fault");
        LabContext.Require(fault.ValueKind == JsonValueKind.False, $"the device's fault is {fault} in the end");
        last.Quit();
        return $"{byLog}; {byContainer}";
    }

    /// <summary>Waits until the guest's program has taken so many messages of the device.</summary>
    internal static void WaitForMessages(MachineProcess machine, ulong count) =>
        LabContext.WaitFor(() => machine.CountMessages() >= count, $"{count} messages of the device", Patience);

    private static string Describe(JsonElement report, string name, string precision)
    {
        var tracker = report.GetProperty("trackers").EnumerateArray().SingleOrDefault(each => each.GetProperty("name").GetString() == name);
        LabContext.Require(tracker.ValueKind == JsonValueKind.Object, $"{name} tracked nothing: {report.GetProperty("trackers")}");
        LabContext.Require(
            tracker.GetProperty("precision").GetString() == precision && tracker.GetProperty("dirtyPages").GetUInt64() > 0 && tracker.GetProperty("failures").GetInt32() == 0, $"{tracker}");
        var sources = tracker.GetProperty("sources").EnumerateArray().Select(each => each.GetString()).ToList();
        LabContext.Require(sources is [Id], $"{name} tracked {string.Join(", ", sources)}");
        return $"{name} reported {tracker.GetProperty("dirtyPages")} pages in {tracker.GetProperty("reports")} reports, memory and guest verified";
    }
}

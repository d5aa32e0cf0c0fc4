using System.CommandLine;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.MachineFiles;
using Ferry.Cli.Ui;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry attach</c>: one more device for a machine that runs.</summary>
internal static class AttachCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var id = new Argument<string>("ID") { Description = "The name of the device, unique in the machine." };
        var control = OptionFactory.Control(required: true);
        var socket = OptionFactory.Text("--socket", "The socket on which the device process listens.", "PATH", required: true);
        var kind = OptionFactory.Choice("--kind", "The model.", DeviceSettings.Kinds[0], [.. DeviceSettings.Kinds]);
        var dma = OptionFactory.Choice("--dma", "How it reaches guest memory: by a descriptor of its own, or by messages.", DeviceSettings.SharedDma, [.. DeviceSettings.DmaChoices]);
        var iommu = OptionFactory.Flag("--iommu", "Put it behind a virtual IOMMU.");
        var peer = OptionFactory.Text("--peer", "The id of a device that it writes to by peer-to-peer DMA.", "ID");
        var json = OptionFactory.Json();
        var command = new Command(
            "attach",
            "Attach one more device to a machine that runs or is paused; the vCPU of its number drives it. Refused while the machine is migrated: the destination is made of "
                + "the devices that the machine had. The machine's file at a later destination has to name the device too, behind the others.")
        {
            id, control, socket, kind, dma, iommu, peer, json,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var request = new AttachRequest
            {
                Id = parsed.GetValue(id)!,
                Socket = Path.GetFullPath(parsed.GetValue(socket)!),
                Kind = parsed.GetValue(kind)!,
                Dma = parsed.GetValue(dma)!,
                Iommu = parsed.GetValue(iommu),
                Peer = parsed.GetValue(peer),
            };
            var reply = await ControlClient.AskAsync(
                parsed.GetValue(control)!, new ControlRequest { Verb = ControlVerbs.Attach, Attach = request }, cancellation).ConfigureAwait(false);
            var attached = reply.Attached ?? throw new InvalidDataException("The machine did not say what came of it.");
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            await screen.OutputWriter.WriteLineAsync(parsed.GetValue(json)
                ? JsonSerializer.Serialize(attached, ControlJson.Indented.AttachDocument)
                : $"{attached.Device} is attached{(attached.IsDriven ? "" : "; the machine has no vCPU that would drive it")}").ConfigureAwait(false);
            return ExitCodes.Done;
        });
        HelpWithExample.AddTo(command, "ferry attach nic1 --control ledger.sock --socket nic1.sock");
        return command;
    }
}

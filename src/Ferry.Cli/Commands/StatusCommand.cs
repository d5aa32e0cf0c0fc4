using System.CommandLine;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Ui;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry status</c>: how a machine stands.</summary>
internal static class StatusCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var control = OptionFactory.Control(required: true);
        var json = OptionFactory.Json();
        var command = new Command("status", "Tell how a machine stands: where it runs, its devices, its guest, its migration.") { control, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reply = await ControlClient.AskAsync(parsed.GetValue(control)!, new ControlRequest { Verb = ControlVerbs.Status }, cancellation).ConfigureAwait(false);
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            Write(screen, reply, parsed.GetValue(json));
            return ExitCodes.Done;
        });
        HelpWithExample.AddTo(command, "ferry status --control /run/user/1000/ferry/ledger.sock", "ferry status --control ledger.sock --json");
        return command;
    }

    /// <summary>Writes the status of a reply.</summary>
    public static void Write(Screen screen, ControlReply reply, bool json)
    {
        var status = reply.Status ?? throw new IOException("the answer holds no status");
        if (json)
        {
            screen.OutputWriter.WriteLine(JsonSerializer.Serialize(status, ControlJson.Indented.MachineStatus));
        }
        else
        {
            StatusView.Write(screen.Output, status);
        }
    }
}

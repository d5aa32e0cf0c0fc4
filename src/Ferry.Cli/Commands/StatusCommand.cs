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
            if (parsed.GetValue(json))
            {
                await screen.OutputWriter.WriteLineAsync(JsonSerializer.Serialize(reply.Status!, ControlJson.Indented.MachineStatus)).ConfigureAwait(false);
            }
            else
            {
                StatusView.Write(screen.Output, reply.Status!);
            }

            return ExitCodes.Done;
        });
        HelpWithExample.AddTo(command, "ferry status --control /run/user/1000/ferry/ledger.sock", "ferry status --control ledger.sock --json");
        return command;
    }
}

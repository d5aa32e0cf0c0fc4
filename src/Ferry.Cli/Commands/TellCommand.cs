using System.CommandLine;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Ui;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry tell</c>: the rest of what may be asked of a machine.</summary>
internal static class TellCommand
{
    private static readonly string[] Settlements = ["ask", "resume", "discard"];

    private static readonly (string Verb, string Description)[] Simple =
    [
        (ControlVerbs.Pause, "Stop the vCPUs."),
        (ControlVerbs.Resume, "Let the vCPUs run."),
        (ControlVerbs.Cancel, "Roll back the migration that is under way, and wait until that is done."),
        (ControlVerbs.Quit, "End the process that holds the machine; a migration is rolled back first."),
    ];

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("tell", "Tell the machine behind a control socket to pause, resume, cancel, check itself, settle or quit.");
        foreach (var (verb, description) in Simple)
        {
            command.Add(CreateSimple(verb, description));
        }

        command.Add(CreateSelfCheck());
        command.Add(CreateSettle());
        HelpWithExample.AddTo(command, "ferry tell self-check --control ledger.sock", "ferry tell settle --control ledger.sock --choice ask");
        return command;
    }

    private static Command CreateSimple(string verb, string description)
    {
        var control = OptionFactory.Control(required: true);
        var json = OptionFactory.Json();
        var command = new Command(verb, description) { control, json };
        command.SetAction((parsed, cancellation) =>
            TellAsync(parsed, parsed.GetValue(control)!, new ControlRequest { Verb = verb }, parsed.GetValue(json), cancellation));
        HelpWithExample.AddTo(command, $"ferry tell {verb} --control ledger.sock");
        return command;
    }

    private static Command CreateSettle()
    {
        var control = OptionFactory.Control(required: true);
        var json = OptionFactory.Json();
        var choice = OptionFactory.Choice(
            "--choice", "Ask the other side again, run here (only if the other side certainly does not), or never run here.", "ask", Settlements);
        var command = new Command("settle", "Settle a hand-over in doubt.") { control, choice, json };
        command.SetAction((parsed, cancellation) => TellAsync(
            parsed,
            parsed.GetValue(control)!,
            new ControlRequest { Verb = ControlVerbs.Settle, Choice = parsed.GetValue(choice) },
            parsed.GetValue(json),
            cancellation));
        HelpWithExample.AddTo(command, "ferry tell settle --control ledger.sock --choice ask");
        return command;
    }

    private static Command CreateSelfCheck()
    {
        var control = OptionFactory.Control(required: true);
        var json = OptionFactory.Json();
        var command = new Command(ControlVerbs.SelfCheck, "Let the guest program check all its memory. Exits 0 only if nothing was wrong.") { control, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            using var board = new ProgressBoard(screen.Progress);
            var check = await MigrationClient.CheckGuestAsync(board, parsed.GetValue(control)!, cancellation).ConfigureAwait(false);
            if (parsed.GetValue(json))
            {
                await screen.OutputWriter.WriteLineAsync(JsonSerializer.Serialize(check, ControlJson.Indented.SelfCheckDocument)).ConfigureAwait(false);
            }

            return check.Passed ? ExitCodes.Done : ExitCodes.Failed;
        });
        HelpWithExample.AddTo(command, "ferry tell self-check --control ledger.sock");
        return command;
    }

    private static async Task<int> TellAsync(ParseResult parsed, string control, ControlRequest request, bool json, CancellationToken cancellation)
    {
        var reply = await ControlClient.AskAsync(control, request, cancellation).ConfigureAwait(false);
        var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        StatusCommand.Write(screen, reply, json);
        return reply.Status?.State == Documents.MachineStates.InDoubt ? ExitCodes.InDoubt : ExitCodes.Done;
    }
}

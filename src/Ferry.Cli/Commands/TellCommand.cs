using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Ui;
using Ferry.Cli.Values;

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
        var command = new Command("tell", "Tell the machine behind a control socket to pause, resume, cancel, check itself, settle or quit, or ask for a register of a device.");
        foreach (var (verb, description) in Simple)
        {
            command.Add(CreateSimple(verb, description));
        }

        command.Add(CreateSelfCheck());
        command.Add(CreateSettle());
        command.Add(CreateRegister());
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

    private static Command CreateRegister()
    {
        var control = OptionFactory.Control(required: true);
        var device = OptionFactory.Text("--device", "The device.", "ID", required: true);
        var region = OptionFactory.Text("--region", "The region's number; for a PCI device BARs are 0 to 5, and 7 is its configuration space.", "NUMBER", required: true);
        var offset = OptionFactory.Text("--offset", "Where the register is in the region: a number, or 0x and hexadecimal digits.", "NUMBER", required: true);
        var bytes = OptionFactory.Choice("--bytes", "How many bytes it has.", "4", ["1", "2", "4", "8"]);
        var set = OptionFactory.Text("--set", "Write this and don't read.", "NUMBER");
        var json = OptionFactory.Json();
        var command = new Command(
            ControlVerbs.Register, "Read or write a register of a device, for what the guest has no driver for. It is accessed as it is: reading alone may change a device, too.")
        {
            control, device, region, offset, bytes, set, json,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var request = new RegisterRequest
            {
                Device = parsed.GetValue(device)!,
                Region = (int)Math.Min(ParseNumber(region.Name, parsed.GetValue(region)!), int.MaxValue),
                Offset = ParseNumber(offset.Name, parsed.GetValue(offset)!),
                Bytes = int.Parse(parsed.GetValue(bytes)!, CultureInfo.InvariantCulture),
                Value = parsed.GetValue(set) is { } value ? ParseNumber(set.Name, value) : null,
            };
            var reply = await ControlClient.AskAsync(
                parsed.GetValue(control)!, new ControlRequest { Verb = ControlVerbs.Register, Register = request }, cancellation).ConfigureAwait(false);
            var register = reply.Register ?? throw new InvalidDataException("The machine did not say what came of it.");
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            await screen.OutputWriter.WriteLineAsync(parsed.GetValue(json)
                ? JsonSerializer.Serialize(register, ControlJson.Indented.RegisterDocument)
                : $"0x{register.Value:x}").ConfigureAwait(false);
            return ExitCodes.Done;
        });
        HelpWithExample.AddTo(
            command,
            "ferry tell register --control ledger.sock --device serial0 --region 0 --offset 7 --bytes 1",
            "ferry tell register --control ledger.sock --device serial0 --region 0 --offset 7 --bytes 1 --set 0x5a");
        return command;
    }

    private static ulong ParseNumber(string option, string text) =>
        NumberText.TryParse(text, out var number) ? number : throw new UsageException($"{option}: '{text}' is not {NumberText.Form}");

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

using System.CommandLine;
using Ferry.Cli.Hosting;
using Ferry.Cli.MachineFiles;
using Ferry.Cli.Ui;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry run</c>: starts a machine and holds it.</summary>
internal static class RunCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var machine = OptionFactory.Machine(required: true);
        var stay = OptionFactory.Flag("--stay", "Go on answering on the control socket after the machine moved away, instead of ending.");
        var exitWithInput = OptionFactory.ExitWithInput();
        var otlp = OptionFactory.Otlp();
        var json = OptionFactory.Json();
        var command = new Command("run", "Start a machine and hold it until it has moved away, Ctrl-C or SIGTERM; a migration that is under way is rolled back first.")
        {
            machine, stay, exitWithInput, otlp, json,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var file = MachineFileReader.Read(parsed.GetValue(machine)!);
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            using var telemetry = TelemetryExport.Start(parsed.GetValue(otlp));
            using var orphaned = Supervision.Start(parsed.GetValue(exitWithInput), CancellationToken.None);
            var process = new HostProcess(file, screen, stay: parsed.GetValue(stay), json: parsed.GetValue(json));
            return await process.RunAsync(listen: null, orphaned.Token, cancellation).ConfigureAwait(false);
        });
        HelpWithExample.AddTo(command, "ferry run --machine machine.toml");
        return command;
    }
}

using System.CommandLine;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Ui;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry migrate</c>: moves a machine to a destination that waits for it.</summary>
internal static class MigrateCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var control = OptionFactory.Control(required: true);
        var to = OptionFactory.Text("--to", "Where 'ferry receive' listens.", "HOST:PORT", required: true);
        var checkGuest = OptionFactory.Text(
            "--check-guest", "The destination's control socket, where it is on this host: let the guest check itself there after the hand-over.", "SOCKET");
        var json = OptionFactory.Json();
        var command = new Command("migrate", "Move a machine, live, to a destination that waits for it. Ctrl-C rolls back.") { control, to, checkGuest, json };
        var options = new MigrateOptions(command, verifyByDefault: false);
        var recording = new RecordingOptions(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            var request = options.Read(parsed) with { To = parsed.GetValue(to) };
            var report = await recording.RunAsync(parsed, screen, async events =>
            {
                using var board = new ProgressBoard(screen.Progress);
                var report = await MigrationClient.MigrateAsync(board, parsed.GetValue(control)!, request, events, cancellation).ConfigureAwait(false);
                if (report.RunsAt == RunsAt.Destination && parsed.GetValue(checkGuest) is { } destination)
                {
                    var check = await MigrationClient.CheckGuestAsync(board, destination, cancellation).ConfigureAwait(false);
                    report = report with { GuestVerified = check.Passed, Verified = report.MemoryVerified != false && check.Passed, Error = report.Error ?? check.FirstError };
                }

                return report;
            }).ConfigureAwait(false);

            if (parsed.GetValue(json))
            {
                await screen.OutputWriter.WriteLineAsync(JsonSerializer.Serialize(report, ControlJson.Indented.MigrationDocument)).ConfigureAwait(false);
            }
            else
            {
                MigrationView.Write(screen.Output, report);
            }

            return ExitCodeOf(report);
        });
        HelpWithExample.AddTo(
            command,
            "ferry migrate --control source.sock --to 127.0.0.1:4433 --verify",
            "ferry migrate --control source.sock --to 127.0.0.1:4433 --downtime 50ms --on-stall throttle --json");
        return command;
    }

    /// <summary>The exit code that says how a migration ended.</summary>
    public static int ExitCodeOf(MigrationDocument report) => report.RunsAt switch
    {
        RunsAt.InDoubt => ExitCodes.InDoubt,
        RunsAt.Destination when report.MemoryVerified != false && report.GuestVerified != false => ExitCodes.Done,
        _ => ExitCodes.Failed,
    };
}

using System.CommandLine;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Demo;
using Ferry.Cli.Ui;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry demo</c>: the whole of it on one machine, verified.</summary>
internal static class DemoCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var json = OptionFactory.Json();
        var command = new Command(
            "demo",
            "Start a source host, a destination host and a device process for each on this machine, move a running guest between them and verify every claim. "
                + "Exits 0 only if all was verified.")
        {
            json,
        };
        var readMachine = DemoOptions.AddTo(command);
        var options = new MigrateOptions(command, verifyByDefault: true);
        var recording = new RecordingOptions(command);
        var otlp = OptionFactory.Otlp();
        command.Add(otlp);
        command.SetAction(async (parsed, cancellation) =>
        {
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            var settings = readMachine(parsed) with { Migrate = options.Read(parsed), Otlp = parsed.GetValue(otlp) };
            DemoOptions.Check(settings);
            var report = await recording.RunAsync(parsed, screen, async events =>
            {
                using var board = new ProgressBoard(screen.Progress);
                return await new DemoRun(settings, board, new ProcessWorld(), events).RunAsync(cancellation).ConfigureAwait(false);
            }).ConfigureAwait(false);

            if (parsed.GetValue(json))
            {
                await screen.OutputWriter.WriteLineAsync(JsonSerializer.Serialize(report, ControlJson.Indented.MigrationDocument)).ConfigureAwait(false);
            }
            else
            {
                MigrationView.Write(screen.Output, report);
            }

            return MigrateCommand.ExitCodeOf(report);
        });
        HelpWithExample.AddTo(
            command,
            "ferry demo",
            "ferry demo --memory 512M --fill mixed:128M --dirty-rate 32M --nic-rate 64M --downtime 50ms",
            "ferry demo --nics 2 --nic-lacks none --nic-lacks p2p,dma-log --policy examples/mixed-devices.toml",
            "ferry demo --tracker-vcpus kvm-ring --nic-page-size 64K --compress zstd --json");
        return command;
    }
}

using System.CommandLine;
using System.Net;
using Ferry.Cli.Events;
using Ferry.Cli.Hosting;
using Ferry.Cli.MachineFiles;
using Ferry.Cli.Ui;
using Ferry.Cli.Values;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry receive</c>: waits for a machine and then holds it.</summary>
internal static class ReceiveCommand
{
    /// <summary>The option that lets it listen beyond loopback.</summary>
    public const string AnywhereName = "--unencrypted-and-unauthenticated-from-anywhere";

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var machine = OptionFactory.Machine(required: true);
        var listen = OptionFactory.Text("--listen", "Where to wait; port 0 lets the kernel choose one, which is printed.", "ADDRESS:PORT");
        listen.DefaultValueFactory = _ => "127.0.0.1:0";
        var anywhere = OptionFactory.Flag(
            AnywhereName, "Allow --listen beyond loopback: guest memory travels in the clear, and whoever reaches the port can send a machine.");
        var stay = OptionFactory.Flag("--stay", "Go on answering on the control socket after the machine moved on, instead of ending.");
        var exitWithInput = OptionFactory.ExitWithInput();
        var json = OptionFactory.Json();
        var events = OptionFactory.Events();
        var otlp = OptionFactory.Otlp();
        var command = new Command(
            "receive", "Wait for a machine, and hold it after the hand-over as 'run' does. It listens on loopback only, unless another address is asked for.")
        {
            machine, listen, anywhere, stay, exitWithInput, events, otlp, json,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var address = ParseListen(parsed.GetValue(listen)!, parsed.GetValue(anywhere));
            var file = MachineFileReader.Read(parsed.GetValue(machine)!);
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            using var telemetry = TelemetryExport.Start(parsed.GetValue(otlp));
            using var orphaned = Supervision.Start(parsed.GetValue(exitWithInput), CancellationToken.None);
            using var log = parsed.GetValue(events) is { } path ? EventLogWriter.Create(path, events.Name) : null;
            var process = new HostProcess(file, screen, stay: parsed.GetValue(stay), json: parsed.GetValue(json), log);
            return await process.RunAsync(address, orphaned.Token, cancellation).ConfigureAwait(false);
        });
        HelpWithExample.AddTo(command, "ferry receive --machine machine.toml --listen 127.0.0.1:4433");
        return command;
    }

    private static IPEndPoint ParseListen(string text, bool anywhere)
    {
        if (!EndPointText.TryParse(text, out var host, out var port) || (!IPAddress.TryParse(host, out var address) && host != "localhost"))
        {
            throw new UsageException($"--listen: '{text}' is no ADDRESS:PORT, for instance 127.0.0.1:4433 or [::1]:4433");
        }

        address ??= IPAddress.Loopback;
        return IPAddress.IsLoopback(address) || anywhere
            ? new IPEndPoint(address, port)
            : throw new UsageException(
                $"--listen: {address} is not loopback, and migration traffic is neither encrypted nor authenticated; tunnel it, or accept that with {AnywhereName}");
    }
}

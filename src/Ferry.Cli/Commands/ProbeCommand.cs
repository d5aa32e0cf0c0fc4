using System.CommandLine;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Probing;
using Ferry.Cli.Ui;
using Ferry.Tracking.Probing;
using Ferry.VfioUser.Probing;
using Spectre.Console;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry probe</c>: what each provider of dirty tracking can do on this host, and why not.</summary>
internal static class ProbeCommand
{
    /// <summary>A device that answers each request late would otherwise hold the command for a minute.</summary>
    private const int AnswersPerSocket = 5;

    private const string Description =
        """
        Tell what each provider of dirty tracking can do on this host, and where one can't, why and what to load, enable or permit.

        It needs no privilege, and changes nothing that anybody uses. A VFIO device that nobody has open is opened for a moment, which resets it,
        and its DMA log is started and stopped to learn its page sizes; one that somebody has open is left alone. --no-try leaves all alone.
        """;

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var socket = new Option<string[]>("--socket") { Description = "A vfio-user device to ask; once for each. It must have no other client.", HelpName = "PATH" };
        var noTry = OptionFactory.Flag("--no-try", "Open no VFIO device, and start no DMA log: devices are told of as far as sysfs, or a vfio-user device's own word, does.");
        var answerTime = OptionFactory.Time("--answer-time", "How long a vfio-user device may take to answer one request.", TimeSpan.FromSeconds(2));
        var json = OptionFactory.Json();
        var command = new Command("probe", Description) { socket, noTry, answerTime, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            string[] sockets = [.. (parsed.GetValue(socket) ?? []).Distinct()];
            var (tries, answer) = (!parsed.GetValue(noTry), parsed.GetValue(answerTime).Value);
            // A kernel's call or a device may take its time; whoever interrupts does not have to wait for it.
            var document = await Task.Run(() => Look(screen, sockets, tries, answer, cancellation), CancellationToken.None).WaitAsync(cancellation).ConfigureAwait(false);
            if (parsed.GetValue(json))
            {
                screen.OutputWriter.WriteLine(JsonSerializer.Serialize(document, ControlJson.Indented.ProbeDocument));
            }
            else
            {
                ProbeView.Write(screen.Output, document);
            }

            return ExitCodes.Done;
        });
        HelpWithExample.AddTo(command, "ferry probe", "ferry probe --socket /run/me/nic0.sock --socket /run/me/nic1.sock", "ferry probe --no-try --json");
        return command;
    }

    private static ProbeDocument Look(Screen screen, string[] sockets, bool tries, TimeSpan answerTime, CancellationToken cancellation)
    {
        var host = HostProbe.Look(new(tries));
        var found = new List<VfioUserFinding>();
        foreach (var path in sockets)
        {
            cancellation.ThrowIfCancellationRequested();
            screen.Progress.WriteLine($"asking {path}");
            found.Add(VfioUserProbe.Ask(path, answerTime, answerTime * AnswersPerSocket, tries));
        }

        return ProbeMapping.ToDocument(host, found);
    }
}

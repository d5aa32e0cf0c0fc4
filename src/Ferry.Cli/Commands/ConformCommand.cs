using System.CommandLine;
using System.Text.Json;
using Ferry.Cli.Conformance;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Ui;
using Ferry.Cli.Values;
using Ferry.Conform;
using Ferry.Conform.Kernel;
using Ferry.Conform.Stimuli;
using Ferry.Conform.VfioUser;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Spectre.Console;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry conform</c>: whether a device keeps the rules of migration, DMA and its log.</summary>
internal static class ConformCommand
{
    private static readonly TimeSpan DefaultAnswerTime = TimeSpan.FromSeconds(5);
    private static readonly ConformOptions Defaults = new();

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var socket = OptionFactory.Text("--socket", "The socket of a vfio-user device that runs already and has no other client.", "PATH");
        var vfio = OptionFactory.Text(
            "--vfio", "A device of a kernel VFIO driver that nothing else uses: its PCI address, or the UUID of a mediated device.", "DEVICE");
        var access = OptionFactory.Choice(
            "--vfio-access",
            "How a kernel device is opened: 'cdev' by its own file with iommufd, 'group' by its group with a type1 container, 'group-iommufd' by its group with iommufd, "
                + "'auto' as cdev where the kernel has that and else as group.",
            KernelAccessNames.Auto,
            [.. KernelAccessNames.All]);
        var device = new Argument<string[]>("command")
        {
            Description = $"A device to start and to end again, behind '--': a program and its arguments, with {StartedDevice.SocketPlaceholder} where it takes its socket.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var stimulus = OptionFactory.Choice(
            "--stimulus", "What drives the device so that it writes memory; without one the checks of its DMA are not applicable.", StimulusNames.None, [.. StimulusNames.All]);
        var memory = OptionFactory.Size(
            "--memory", "The memory that the device is given, which a kernel device locks: 4M to 1G, a multiple of 2M. With less than 16M some checks do not apply.", (ulong)Defaults.MemoryBytes);
        var only = OptionFactory.Text("--only", "The checks to run, separated by commas; all of them where not given.", "NAMES");
        var list = OptionFactory.Flag("--list", "List the checks and the rules that they stand for, and end.");
        var answerTime = OptionFactory.Time("--answer-time", "How long the device may take to answer one command.", DefaultAnswerTime);
        var checkTime = OptionFactory.Time("--check-time", "How long one check may take.", Defaults.CheckTime);
        var json = OptionFactory.Json();
        var command = new Command(
            "conform",
            "Exercise one device's migration, DMA and DMA log as its author would want, and report what breaks a rule, with the commands that lead to it. "
                + "The device is reset and loaded again and again: use none that a machine runs with. docs/conform.md describes each check.")
        {
            socket, vfio, access, stimulus, memory, only, list, answerTime, checkTime, json, device,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (parsed.GetValue(list))
            {
                WriteList(screen, parsed.GetValue(json));
                return ExitCodes.Done;
            }

            var name = parsed.GetValue(stimulus)!;
            var options = new ConformOptions
            {
                Only = ParseOnly(parsed.GetValue(only)),
                Stimulus = StimulusNames.FactoryOf(name),
                MemoryBytes = ParseMemory(parsed.GetValue(memory).Bytes),
                CheckTime = parsed.GetValue(checkTime).Value,
                WorkTime = parsed.GetValue(answerTime).Value,
            };
            var target = new ConformTarget(
                parsed.GetValue(socket), parsed.GetValue(vfio), KernelAccessNames.Parse(parsed.GetValue(access)!), parsed.GetValue(device) ?? [], parsed.GetValue(answerTime).Value);
            var report = await RunAsync(screen, target, options, cancellation).ConfigureAwait(false);
            Write(screen, report, parsed.GetValue(json));
            return report.Conforms ? ExitCodes.Done : ExitCodes.Failed;
        });
        HelpWithExample.AddTo(
            command,
            "ferry conform --socket /run/me/dev.sock",
            "ferry conform --stimulus rnic -- ferry device rnic --socket {socket}",
            "ferry conform --vfio 0000:01:00.0 --vfio-access group",
            "ferry conform --socket dev.sock --only arcs,refusals,resume-altered --json",
            "ferry conform --list");
        return command;
    }

    private static async Task<ConformDocument> RunAsync(Screen screen, ConformTarget target, ConformOptions options, CancellationToken cancellation)
    {
        switch (target)
        {
            case { Socket: { } path, Vfio: null, Command: [] }:
                return await CheckAsync(screen, new VfioUserConnector(path, target.AnswerTime), options, cancellation).ConfigureAwait(false);
            case { Socket: null, Vfio: { } text, Command: [] }:
                return VfioSysfs.TryParseName(text, out var name)
                    ? await CheckAsync(screen, new KernelConnector(name, target.Access, target.AnswerTime), options, cancellation).ConfigureAwait(false)
                    : throw new UsageException($"--vfio: '{text}' is neither a PCI address such as 0000:01:00.0 nor the UUID of a mediated device");
            case { Socket: null, Vfio: null, Command: [_, ..] }:
                using (var device = new StartedDevice(target.Command, target.AnswerTime, cancellation))
                {
                    return await CheckAsync(screen, device, options, cancellation).ConfigureAwait(false);
                }

            default:
                throw new UsageException("conform needs either --socket PATH, --vfio DEVICE, or a device to start: -- COMMAND ARGUMENTS");
        }
    }

    private static async Task<ConformDocument> CheckAsync(Screen screen, IDeviceConnector connector, ConformOptions options, CancellationToken cancellation)
    {
        Task<ConformReport> Run(Action<string> onCheck) =>
            Task.Run(() => new ConformRun(connector, options with { OnCheck = onCheck }).Run(cancellation), CancellationToken.None);
        var progress = screen.Progress;
        var report = await (progress.Profile.Out.IsTerminal
            ? progress.Status().StartAsync("connecting", status => Run(name => status.Status(Markup.Escape(name))))
            : Run(name => progress.WriteLine($"checking {name}"))).ConfigureAwait(false);
        return ConformMapping.ToDocument(report);
    }

    private static int ParseMemory(ulong bytes) =>
        bytes is >= ConformOptions.LeastMemoryBytes and <= ConformOptions.MostMemoryBytes && bytes % PageSize.Size2M.Bytes == 0 ? (int)bytes
            : throw new UsageException("--memory: a multiple of 2M from 4M to 1G is needed");

    private static string[]? ParseOnly(string? names)
    {
        if (names is null)
        {
            return null;
        }

        string[] known = [.. CheckList.All.Select(check => check.Name)];
        string[] wanted = names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var unknown = wanted.FirstOrDefault(name => !known.Contains(name));
        return unknown is not null ? throw new UsageException($"--only: unknown check '{unknown}'; {NearestName.Suggest(unknown, known)}")
            : wanted.Length == 0 ? throw new UsageException("--only: no check is named; 'ferry conform --list' tells their names")
            : wanted;
    }

    private static void WriteList(Screen screen, bool json)
    {
        if (json)
        {
            var document = new ConformListDocument(ConformDocument.CurrentVersion, CheckList.All);
            screen.OutputWriter.WriteLine(JsonSerializer.Serialize(document, ControlJson.Indented.ConformListDocument));
        }
        else
        {
            ConformView.WriteList(screen.Output, CheckList.All);
        }
    }

    private static void Write(Screen screen, ConformDocument report, bool json)
    {
        if (json)
        {
            screen.OutputWriter.WriteLine(JsonSerializer.Serialize(report, ControlJson.Indented.ConformDocument));
        }
        else
        {
            ConformView.Write(screen.Output, report);
        }
    }
}

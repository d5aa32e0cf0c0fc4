using System.CommandLine;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Ferry.Cli.Control;
using Ferry.Cli.Toml;
using Ferry.Cli.Values;
using Ferry.Machine;
using Ferry.Tracking;

namespace Ferry.Cli.Commands;

/// <summary>The command <c>ferry</c>: its verbs, and what all of them have in common.</summary>
internal static class FerryCommand
{
    private const string Description =
        """
        Moves running virtual machines to another host, live, together with the devices that write their memory by DMA.

        Exit codes: 0 done and verified, 1 failed and rolled back, 2 usage, 3 in doubt (nobody knows yet which side runs the machine).
        """;

    /// <summary>The command tree.</summary>
    public static RootCommand Create()
    {
        var root = new RootCommand(Description)
        {
            DemoCommand.Create(),
            RunCommand.Create(),
            ReceiveCommand.Create(),
            MigrateCommand.Create(),
            ReplayCommand.Create(),
            ReportCommand.Create(),
            StatusCommand.Create(),
            PlanCommand.Create(),
            PolicyCommand.Create(),
            ProbeCommand.Create(),
            BenchCommand.Create(),
            AdviseCommand.Create(),
            TrackCommand.Create(),
            AttachCommand.Create(),
            TellCommand.Create(),
            DeviceCommand.Create(),
            ConformCommand.Create(),
        };
        HelpWithExample.AddTo(root, "ferry demo");
        return root;
    }

    /// <summary>Runs the command and gives the exit code. SIGTERM cancels what runs; so do SIGINT and SIGHUP, unless another process started
    /// this one: a terminal sends them to all that runs in it, and the one that started the others ends them in their order.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        using var cancellation = new CancellationTokenSource();
        var isSupervised = args.Contains(OptionFactory.ExitWithInputName);
        void Cancel(PosixSignalContext context)
        {
            context.Cancel = true;
            if (!isSupervised || context.Signal == PosixSignal.SIGTERM)
            {
                cancellation.Cancel();
            }
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Cancel);
        return await RunAsync(args, Console.Out, Console.Error, cancellation.Token).ConfigureAwait(false);
    }

    /// <summary>The same with other outputs, for tests.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        var parsed = Create().Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExample)
        {
            foreach (var problem in ProblemsOf(parsed).Distinct())
            {
                await error.WriteLineAsync($"ferry: {problem}").ConfigureAwait(false);
            }

            await error.WriteLineAsync($"Try '{PathOf(parsed)} --help'.").ConfigureAwait(false);
            return ExitCodes.Usage;
        }

        try
        {
            // Signals are the caller's: the library's own handling would end the process two seconds after the first.
            var configuration = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (ExitCodeOf(e, cancellation) is { } code)
        {
            foreach (var line in LinesOf(e))
            {
                await error.WriteLineAsync($"ferry: {line}").ConfigureAwait(false);
            }

            return code;
        }
    }

    private static IEnumerable<string> ProblemsOf(ParseResult parsed)
    {
        foreach (var problem in parsed.Errors)
        {
            var token = parsed.UnmatchedTokens.FirstOrDefault(each => problem.Message.Contains($"'{each}'", StringComparison.Ordinal));
            var command = parsed.CommandResult.Command;
            string[] known = [.. command.Subcommands.Select(each => each.Name), .. command.Options.Select(each => each.Name)];
            yield return token is not null && NearestName.Find(token, known) is { } nearest ? $"{problem.Message.TrimEnd('.')}; did you mean '{nearest}'?" : problem.Message;
        }
    }

    private static string PathOf(ParseResult parsed)
    {
        var path = "";
        for (var result = parsed.CommandResult; result is not null; result = result.Parent as System.CommandLine.Parsing.CommandResult)
        {
            path = $" {(result.Command is RootCommand ? "ferry" : result.Command.Name)}{path}";
        }

        return path.TrimStart();
    }

    // What is not listed here is a defect, and ends the process with its stack.
    private static int? ExitCodeOf(Exception e, CancellationToken cancellation) => e switch
    {
        TomlFileException or UsageException => ExitCodes.Usage,
        OperationCanceledException when cancellation.IsCancellationRequested => ExitCodes.Failed,
        ControlException { Code: ControlErrors.BadRequest } => ExitCodes.Usage,
        ControlException or IOException or UnauthorizedAccessException or TimeoutException or InvalidDataException or NotSupportedException
            or SocketException or TrackerStartException
            or MachineException => ExitCodes.Failed,
        _ => null,
    };

    private static IEnumerable<string> LinesOf(Exception e) => e switch
    {
        _ when Environment.GetEnvironmentVariable("FERRY_DEBUG") == "1" => [e.ToString()],
        TomlFileException file => file.Errors,
        OperationCanceledException => ["interrupted"],
        _ => [e.Message],
    };
}

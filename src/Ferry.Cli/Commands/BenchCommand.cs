using System.CommandLine;
using System.Text.Json;
using Ferry.Bench.Design;
using Ferry.Bench.Profiles;
using Ferry.Cli.Advising;
using Ferry.Cli.Benching;
using Ferry.Cli.Control;
using Ferry.Cli.Demo;
using Ferry.Cli.Documents;
using Ferry.Cli.Reporting;
using Ferry.Cli.Ui;
using Ferry.Cli.Values;
using Ferry.Linux.Files;
using Ferry.Linux.Vfio;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry bench</c>: measures what tracking and migrating cost on this host.</summary>
internal sealed class BenchCommand
{
    private const ulong MostMemoryBytes = 64UL << 30;

    private readonly Option<string?> _out = OptionFactory.Text("--out", "Where the profile goes; where not given, the place where 'ferry advise' looks for it.", "FILE");
    private readonly Option<string?> _report = OptionFactory.Text("--report", "Where the report goes, with its pictures and numbers in a folder beside it; where not given, beside the profile.", "FILE");
    private readonly Option<bool> _noReport = OptionFactory.Flag("--no-report", "Make no report.");
    private readonly Option<bool> _thorough = OptionFactory.Flag("--thorough", "More levels of each dimension, more repeats, longer looks: half an hour instead of about three minutes.");
    private readonly Option<string?> _only = OptionFactory.Text("--only", $"What to measure, separated by commas: experiments ({string.Join(", ", ExperimentNames.All)}) and trackers, whose whole migrations are left out unless 'migration' is named too. The rest of a profile that is there stays.", "NAMES");
    private readonly Option<string?> _resume = OptionFactory.Text("--resume", "Go on with this profile; where not given, with what an interrupted bench left at --out.", "FILE");
    private readonly Option<bool> _fresh = OptionFactory.Flag("--fresh", "Take over nothing from before.");
    private readonly Option<bool> _list = OptionFactory.Flag("--list", "List what would be measured, in order, and measure nothing.");
    private readonly Option<int> _seed = OptionFactory.Count("--seed", "The seed of the order in which points are measured.", 1, 0, int.MaxValue);
    private readonly Option<ByteSize> _memory = OptionFactory.Size("--memory", "The memory that is tracked, a power of two of at least 64M; working sets are parts of it. Where not given, 1G or what fits.", null);
    private readonly Option<int> _repeats = OptionFactory.Count("--repeats", "How often each point is measured; where not given, 5 times, and fewer times where it is a whole migration.", 0, 1, 1000);
    private readonly Option<Duration> _window = OptionFactory.Time("--window", "How long progress is watched at a time; where not given, 200 ms.", null);
    private readonly Option<string?> _socket = OptionFactory.Text("--socket", "Measure this vfio-user device instead of an rnic that is started for it; what needs a driver for it is left out.", "PATH");
    private readonly Option<string?> _vfio = OptionFactory.Text("--vfio", "Measure the trackers of this device of a kernel VFIO driver instead, a PCI address or the UUID of a mediated device; only what needs no writes of it.", "BDF|UUID");
    private readonly Option<bool> _json = OptionFactory.Json();

    private BenchCommand()
    {
    }

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var options = new BenchCommand();
        var command = new Command(
            "bench",
            "Measure what tracking and migrating cost on this host, and write a cost profile, which 'ferry advise' takes, and a report with charts. "
                + "Takes about three minutes; keep the host quiet meanwhile. Ctrl-C keeps what is measured, and the same command goes on from there.")
        {
            options._out, options._report, options._noReport, options._thorough, options._only, options._resume, options._fresh, options._list, options._seed, options._memory,
            options._repeats, options._window, options._socket, options._vfio, options._json, BenchProfilesCommand.CreateDiff(), BenchProfilesCommand.CreateMerge(),
        };
        command.SetAction((parsed, cancellation) => Task.Run(() => options.Run(parsed, cancellation), CancellationToken.None));
        HelpWithExample.AddTo(
            command,
            "ferry bench",
            "ferry bench --only report,slowdown --out profile.json",
            "ferry bench --only device,iotable --repeats 12",
            "ferry bench --socket /run/me/dev.sock --thorough",
            "ferry bench --vfio 0000:01:00.1 --only report",
            "ferry bench diff before.json after.json");
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var order = Read(parsed);
        using var board = new BenchBoard(screen.Progress);
        var socket = parsed.GetValue(_socket);
        VfioPlace? vfio = null;
        if (parsed.GetValue(_vfio) is { } device && !VfioPlace.TryFind(device, out vfio, out var reason))
        {
            throw new UsageException($"--vfio: {reason}");
        }

        if (socket is not null && vfio is not null)
        {
            throw new UsageException("--socket and --vfio contradict each other; give one");
        }

        var session = new BenchSession(new BenchParts(ProcessWorld.OwnCommand(), socket, vfio), order, isOwnDevice: socket is null, board);
        if (parsed.GetValue(_list))
        {
            BenchView.WritePlan(screen.Output, session.Plan().Points);
            return ExitCodes.Done;
        }

        var result = session.Run(cancellation);
        board.Dispose();
        var report = parsed.GetValue(_noReport) || result.Path is null ? null : WriteReport(parsed, result, screen);
        if (parsed.GetValue(_json))
        {
            var document = new BenchDocument(
                result.Profile.IsComplete, result.Points, result.Measured, result.Path, report, result.Problem, result.Profile.Notes ?? [], result.Profile.Costs);
            screen.OutputWriter.WriteLine(JsonSerializer.Serialize(document, ControlJson.Indented.BenchDocument));
        }
        else
        {
            BenchView.Write(screen.Output, result, report);
        }

        if (result.Problem is { } problem)
        {
            parsed.InvocationConfiguration.Error.WriteLine($"ferry: bench: {problem}");
            parsed.InvocationConfiguration.Error.WriteLine(result.Path is null
                ? "ferry: bench: nothing was measured"
                : $"ferry: bench: {result.Measured} of {result.Points} points are kept in {result.Path}; the same command goes on from there");
        }

        return result.Problem is null ? ExitCodes.Done : ExitCodes.Failed;
    }

    private BenchOrder Read(ParseResult parsed)
    {
        var memory = parsed.GetResult(_memory) is null ? (ulong?)null : parsed.GetValue(_memory).Bytes;
        if (memory is { } bytes && (!ulong.IsPow2(bytes) || bytes is < BenchScale.LeastMemoryBytes or > MostMemoryBytes))
        {
            throw new UsageException($"--memory: {SizeText.Exact(bytes)} is not a power of two from {SizeText.Exact(BenchScale.LeastMemoryBytes)} to {SizeText.Exact(MostMemoryBytes)}");
        }

        if (parsed.GetValue(_fresh) && parsed.GetValue(_resume) is not null)
        {
            throw new UsageException("--fresh and --resume contradict each other; give one");
        }

        if (parsed.GetValue(_noReport) && parsed.GetValue(_report) is not null)
        {
            throw new UsageException("--no-report and --report contradict each other; give one");
        }

        var window = parsed.GetResult(_window) is null ? (TimeSpan?)null : parsed.GetValue(_window).Value;
        if (window is { } time && (time < TimeSpan.FromMilliseconds(10) || time > TimeSpan.FromMinutes(1)))
        {
            throw new UsageException($"--window: {DurationText.Exact(time)} is not from 10ms to 1m");
        }

        return new BenchOrder
        {
            Path = OrdinaryFile.Resolve(parsed.GetValue(_out) ?? parsed.GetValue(_resume) ?? LatestProfile.Path),
            Resume = parsed.GetValue(_resume),
            IsFresh = parsed.GetValue(_fresh),
            Only = ReadOnly(parsed.GetValue(_only)),
            Seed = parsed.GetValue(_seed),
            IsThorough = parsed.GetValue(_thorough),
            MemoryBytes = memory,
            Repeats = parsed.GetResult(_repeats) is { Implicit: false } ? parsed.GetValue(_repeats) : null,
            Window = window,
        };
    }

    private static string[] ReadOnly(string? names)
    {
        if (names is null)
        {
            return [];
        }

        string[] known = [.. ExperimentNames.All, .. ProfileChecks.Providers];
        string[] wanted = names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return Array.Find(wanted, name => !known.Contains(name)) is { } unknown
            ? throw new UsageException($"--only: there is no experiment and no tracker '{unknown}'; {NearestName.Suggest(unknown, known)}")
            : wanted.Length == 0 ? throw new UsageException($"--only: nothing is named; experiments are {string.Join(", ", ExperimentNames.All)}")
            : wanted;
    }

    // A report that can't be written is no reason to lose what was measured.
    private string? WriteReport(ParseResult parsed, BenchResult result, Screen screen)
    {
        var path = parsed.GetValue(_report) ?? Path.ChangeExtension(result.Path!.EndsWith(".partial", StringComparison.Ordinal) ? result.Path[..^8] : result.Path, ".html");
        try
        {
            path = OrdinaryFile.Resolve(path);
            BenchPage.Of(result.Profile, ModelPredictions.Of(result.Profile)).Write(path);
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            screen.Progress.Profile.Out.Writer.WriteLine($"ferry: bench: the report can't be written: {e.Message}; 'ferry report {result.Path} --out FILE' makes it");
            return null;
        }
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Ferry.Bench.Advice;
using Ferry.Bench.Model;
using Ferry.Bench.Profiles;
using Ferry.Cli.Advising;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Ui;
using Ferry.Cli.Values;
using Ferry.Migration.Convergence;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry advise</c>: turns a profile, a workload and limits into a policy, and says why.</summary>
internal sealed class AdviseCommand
{
    private const int MostSensitivities = 3, MostDevices = 3;
    private const ulong MostBytes = 1UL << 48;

    private readonly Option<string?> _profile = OptionFactory.Text("--profile", "The profile that 'ferry bench' wrote; where not given, the latest of this host.", "FILE");
    private readonly Option<bool> _otherHost = OptionFactory.Flag("--other-host", "Take a profile although it is of another host, kernel or version: the advice is for that one.");
    private readonly Option<string[]> _device = new("--device") { Description = "A device that writes memory; once for each, its id as the machine file has it.", HelpName = "ID" };
    private readonly Option<LinkRate> _link = OptionFactory.Link("--link", "What the link carries; bits as in 400Gbps, or bytes as in 100M.");
    private readonly Option<ByteSize> _memory = OptionFactory.Size("--memory", "The guest's memory.", 4UL << 30);
    private readonly Option<ByteSize> _data = OptionFactory.Size("--data", "What of the memory holds data; where not given, all of it.", null);
    private readonly Option<ByteSize> _workingSet = OptionFactory.Size("--working-set", "The memory that each device writes into.", 64UL << 20);
    private readonly Option<ByteRate> _dirtyRate = OptionFactory.Rate("--dirty-rate", "How fast each device writes.", 8UL << 20);
    private readonly Option<ByteSize> _message = OptionFactory.Size("--message-size", "What a device writes without a gap.", 4096);
    private readonly Option<ByteSize> _guestWorkingSet = OptionFactory.Size("--guest-working-set", "The memory that the vCPUs write into.", 64UL << 20);
    private readonly Option<ByteRate> _guestDirtyRate = OptionFactory.Rate("--guest-dirty-rate", "How fast the vCPUs write.", 8UL << 20);
    private readonly Option<string?> _pattern = OptionFactory.Choice("--pattern", "In which order devices write their working set.", "sequential", "sequential", "uniform", "skewed");
    private readonly Option<Duration> _downtime = OptionFactory.Time("--downtime", "The most downtime.", TimeSpan.FromMilliseconds(300));
    private readonly Option<Percentage> _slowdown = OptionFactory.Percent("--max-slowdown", "The most of its work that the guest or a device may lose; 100% for no limit.", 0.25);
    private readonly Option<Duration> _maxTime = OptionFactory.Time("--max-time", "The most time of the whole migration.", null);
    private readonly Option<bool> _verify = OptionFactory.Flag("--verify", "Hash all memory in the downtime.");
    private readonly Option<bool> _json = OptionFactory.Json();
    private readonly Option<string?> _out = OptionFactory.Text("--out", "Write the advised policy to this file.", "FILE");

    private AdviseCommand()
    {
    }

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var options = new AdviseCommand();
        options._link.Required = true;
        var command = new Command("advise", "Choose a policy for a workload and limits by what was measured on a host, and say why.")
        {
            options._profile, options._otherHost, options._device, options._link, options._memory, options._data, options._workingSet, options._dirtyRate, options._message, options._pattern,
            options._guestWorkingSet, options._guestDirtyRate, options._downtime, options._slowdown, options._maxTime, options._verify, options._json, options._out,
        };
        command.SetAction(options.Run);
        HelpWithExample.AddTo(
            command,
            "ferry advise --profile profile.json --device nic0 --link 400Gbps --memory 16G --working-set 1G --dirty-rate 64M --message-size 64K --downtime 50ms --max-slowdown 5%",
            "ferry advise --device nic0 --link 1Gbps --downtime 300ms --out policy.toml");
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var path = parsed.GetValue(_profile) ?? LatestProfile.Path;
        var costs = new ProfileCosts(ReadProfile(path, parsed.GetValue(_otherHost)));
        var leftOut = new List<string>();
        AdviceQuestion question;
        AdviceResult advice;
        try
        {
            question = Question(parsed, costs, leftOut);
            advice = Adviser.Advise(question);
        }
        catch (ProfileException e)
        {
            throw new ProfileException($"{path}: {e.Message}");
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"advise: {e.Message}");
        }

        if (advice.Recommended is { } recommended && parsed.GetValue(_out) is { } file)
        {
            File.WriteAllText(file, AdvisedPolicyFile.Format(recommended, advice.Reason));
        }

        Write(parsed, ToDocument(advice, question.Limits, leftOut, path));
        return advice.Recommended is null ? ExitCodes.Failed : ExitCodes.Done;
    }

    private static CostProfile ReadProfile(string path, bool otherHost)
    {
        if (!File.Exists(path))
        {
            throw new UsageException($"--profile: there is no {path}; run 'ferry bench' first");
        }

        var profile = ProfileFile.Read(path);
        return !otherHost && LatestProfile.WhyNot(profile, HostReader.Read()) is { } why
            ? throw new UsageException($"{path}: {why}; run 'ferry bench' here, or give --other-host for advice for where it was measured")
            : profile;
    }

    private AdviceQuestion Question(ParseResult parsed, ProfileCosts costs, List<string> leftOut)
    {
        string[] devices = parsed.GetValue(_device) ?? [];
        CheckDevices(devices);
        var memory = Bytes(parsed, _memory);
        var guest = new WriterLoad(WriterLoad.Vcpus) { WorkingSetBytes = Bytes(parsed, _guestWorkingSet), DirtyBytesPerSecond = Rate(parsed, _guestDirtyRate) };
        WriterLoad[] writers = [guest, .. devices.Select(device => new WriterLoad(device)
        {
            WorkingSetBytes = Bytes(parsed, _workingSet),
            DirtyBytesPerSecond = Rate(parsed, _dirtyRate),
            WriteBytes = Bytes(parsed, _message),
            RingBytes = WriterLoad.RingOf(Bytes(parsed, _workingSet), Bytes(parsed, _message)),
            Pattern = Enum.Parse<AccessPattern>(parsed.GetValue(_pattern)!, ignoreCase: true),
        })];
        return new AdviceQuestion
        {
            Workload = new Workload { MemoryBytes = memory, DataBytes = parsed.GetResult(_data) is null ? memory : Bytes(parsed, _data), Writers = writers },
            Engine = costs.Engine(),
            Link = new LinkCosts(parsed.GetValue(_link).BytesPerSecond, 0),
            Sources = [.. writers.Select(writer => costs.Source(writer.Source, leftOut))],
            Verify = parsed.GetValue(_verify),
            Channels = [1, 2],
            Limits = new AdviceLimits
            {
                DowntimeSeconds = parsed.GetValue(_downtime).Value.TotalSeconds,
                Slowdown = parsed.GetValue(_slowdown).Part,
                TotalSeconds = parsed.GetResult(_maxTime) is null ? double.PositiveInfinity : parsed.GetValue(_maxTime).Value.TotalSeconds,
            },
        };
    }

    private static void CheckDevices(string[] devices)
    {
        if (devices.Length > MostDevices || devices.Distinct().Count() != devices.Length)
        {
            throw new UsageException($"--device: {devices.Length} devices; at most {MostDevices}, each once");
        }

        if (Array.Find(devices, device => device is "vcpus" || device.Length is 0 or > 64 || !device.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')) is { } wrong)
        {
            throw new UsageException($"--device: '{wrong}' is no id of a device: up to 64 letters, digits, - and _");
        }
    }

    private static double Bytes(ParseResult parsed, Option<ByteSize> option) => parsed.GetValue(option).Bytes is > 0 and <= MostBytes and var bytes
        ? bytes
        : throw new UsageException($"{option.Name}: {SizeText.Exact(parsed.GetValue(option).Bytes)} is not from 1 to {SizeText.Exact(MostBytes)}");

    private static double Rate(ParseResult parsed, Option<ByteRate> option) => parsed.GetValue(option).BytesPerSecond is <= MostBytes and var rate
        ? rate
        : throw new UsageException($"{option.Name}: give a rate of at most {SizeText.Exact(MostBytes)}; a model needs the figure");

    private void Write(ParseResult parsed, AdviceDocument document)
    {
        var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        if (parsed.GetValue(_json))
        {
            screen.OutputWriter.WriteLine(JsonSerializer.Serialize(document, ControlJson.Indented.AdviceDocument));
        }
        else
        {
            AdviceView.Write(screen.Output, document);
        }
    }

    private static AdviceDocument ToDocument(AdviceResult advice, AdviceLimits limits, IReadOnlyList<string> leftOut, string path)
    {
        AdvicePolicyDocument Policy(Candidate each) => new(
            string.Join(", ", each.Policy.Trackers.Select(tracker =>
                tracker.Source == WriterLoad.Vcpus || tracker.Costs.Provider == ProfileCosts.Early
                    ? $"{tracker.Source} by {tracker.Costs}" : $"{tracker.Source} by {tracker.Costs}, silent {tracker.Sync}")),
            each.Policy.Channels, each.Policy.Convergence.OnStall == StallAction.Throttle ? "throttle" : "stop",
            each.Prediction.TotalSeconds, each.Prediction.DowntimeSeconds, each.Prediction.Slowdown, each.Prediction.CpuSeconds, each.Meets(limits));
        return new AdviceDocument(
            advice.Recommended is { } recommended ? Policy(recommended) : null, advice.Reason, advice.Margins,
            [.. advice.Sensitivities.Take(MostSensitivities).Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Figure}, were it {each.Factor:0.##} times as much: {each.Trackers}"))],
            [.. advice.Shown.Select(Policy)], advice.Tried, leftOut, path);
    }
}

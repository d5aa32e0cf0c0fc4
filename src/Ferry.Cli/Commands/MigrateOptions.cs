using System.CommandLine;
using Ferry.Cli.Advising;
using Ferry.Cli.Control;
using Ferry.Cli.Policies;
using Ferry.Cli.Values;

namespace Ferry.Cli.Commands;

/// <summary>The options that say how a machine is to be moved; <c>migrate</c>, <c>demo</c> and <c>plan</c> share them.</summary>
internal sealed class MigrateOptions
{
    private static readonly MigrateRequest Defaults = new();

    private readonly Option<string?> _policy = OptionFactory.Text(
        "--policy", "A policy file, which says all that these options do and more, for each source of writes; docs/policy.md describes it. Options win over it.", "FILE");

    private readonly Option<Duration> _downtime = OptionFactory.Time(
        "--downtime", "How long the vCPUs may stand still.", TimeSpan.FromSeconds(Defaults.DowntimeSeconds));

    private readonly Option<Duration> _switchover = OptionFactory.Time(
        "--switchover", "What of --downtime to keep free for what a switchover takes beside copying, such as starting the machine there; 'ferry bench' measures it, 'ferry advise' gives it.",
        TimeSpan.FromSeconds(Defaults.SwitchoverSeconds));

    private readonly Option<Duration> _maxDowntime = OptionFactory.Time(
        "--max-downtime", "How far '--on-stall stretch' may raise --downtime; where not given, 3 seconds or --downtime if that is longer.", null);

    private readonly Option<int> _maxRounds = OptionFactory.Count(
        "--max-rounds", "The most rounds before the machine is stopped for the rest.", Defaults.MaxRounds, 1, 10_000);

    private readonly Option<Duration> _maxTime = OptionFactory.Time(
        "--max-time", "The most time for the rounds, looked at after each, before the machine is stopped for the rest.", TimeSpan.FromSeconds(Defaults.MaxSeconds));

    private readonly Option<Duration> _settleTime = OptionFactory.Time(
        "--settle-time", "How long to ask a destination again that falls silent after the hand-over, before the result is in doubt.",
        TimeSpan.FromSeconds(Defaults.SettleSeconds));

    private readonly Option<string?> _onStall = OptionFactory.Choice(
        "--on-stall", "When rounds no longer shrink what remains: stop the machine for the rest, fail, throttle its vCPUs or stretch --downtime.",
        Defaults.OnStall, MigrateChoices.OnStall);

    private readonly Option<int> _channels = OptionFactory.Count("--channels", "The number of parallel streams.", Defaults.Channels, 1, 16);

    private readonly Option<string?> _compress = OptionFactory.Choice("--compress", "Compress pages.", Defaults.Compress, MigrateChoices.Compress);

    private readonly Option<ByteRate> _bandwidth = OptionFactory.Rate(
        "--bandwidth", "Send no faster than this, all streams together; max, or not given: unlimited.", null);

    private readonly Option<string?> _populate = OptionFactory.Choice(
        "--populate", "When the destination makes its memory present: before the first round (and 'demo' also the source's before it starts), beside the rounds, or not at all.",
        Defaults.Populate, MigrateChoices.Populate);

    private readonly Option<bool> _verify = OptionFactory.Flag("--verify", "Compare hashes of all guest memory at the hand-over.");

    private readonly Option<bool> _noVerify = OptionFactory.Flag("--no-verify", "Do not compare hashes at the hand-over.");

    private readonly Option<string?> _trackerVcpus = OptionFactory.Choice(
        "--tracker-vcpus", "What tracks the writes of the vCPUs; where not given, what the policy says, or what the machine has.", null, "kvm-log", "kvm-ring", "process", "all");

    private readonly Option<string?> _trackerDevices = OptionFactory.Choice(
        "--tracker-devices", "What tracks the DMA of all devices: the machine, which performs it message by message, their own logs, their page tables, or nothing, so that all memory counts as dirty; where not given, what the policy says, or what each has.",
        null, "mediated", "device", "iotable", "iotable-faults", "vfio-device", "iommufd", "type1", "all");

    private readonly Option<ByteSize> _nicPageSize = OptionFactory.Size(
        "--nic-page-size", "The page size that the devices' DMA is tracked at; the finest that their trackers offer where not given.", null);

    private readonly Option<bool> _crossCheck = OptionFactory.Flag(
        "--cross-check", "Compare trackers that see the same source, and fail where one that claims to be exact misses a page that another saw.");

    private readonly bool _verifyByDefault;

    /// <summary>The options, added to <paramref name="command"/>.</summary>
    public MigrateOptions(Command command, bool verifyByDefault)
    {
        _verifyByDefault = verifyByDefault;
        Option[] options =
        [
            _policy, _downtime, _switchover, _maxDowntime, _maxRounds, _maxTime, _settleTime, _onStall, _channels, _compress, _bandwidth, _populate, _verify, _noVerify, _trackerVcpus,
            _trackerDevices, _nicPageSize, _crossCheck,
        ];
        foreach (var option in options)
        {
            command.Add(option);
        }
    }

    /// <summary>What the policy file and the command line ask for.</summary>
    /// <exception cref="UsageException">Two options contradict each other.</exception>
    /// <exception cref="Toml.TomlFileException">The policy file is wrong.</exception>
    /// <exception cref="ControlException">A value is out of its limits.</exception>
    public MigrateRequest Read(ParseResult parsed) => ReadPolicy(parsed).Request;

    /// <summary>The same, with who said what. Options win over the file.</summary>
    public Policy ReadPolicy(ParseResult parsed)
    {
        if (parsed.GetValue(_verify) && parsed.GetValue(_noVerify))
        {
            throw new UsageException("--verify and --no-verify contradict each other; give one");
        }

        var file = parsed.GetValue(_policy) is { } path ? AutoPageSizes.Apply(PolicyFileReader.Read(path), LatestProfile.Path) : Policy.Default;
        var request = file.Request;
        var origins = file.Origins.ToDictionary();
        void Take<T>(Option<T> option, string key, Action<T> set)
        {
            if (parsed.GetResult(option) is { Implicit: false })
            {
                set(parsed.GetValue(option)!);
                origins[key] = option.Name;
            }
        }

        Take(_downtime, "limits.downtime", time => request.DowntimeSeconds = time.Value.TotalSeconds);
        Take(_switchover, "limits.switchover", time => request.SwitchoverSeconds = time.Value.TotalSeconds);
        Take(_maxDowntime, "limits.max-downtime", time => request.MaxDowntimeSeconds = time.Value.TotalSeconds);
        if (!origins.ContainsKey("limits.max-downtime"))
        {
            request.MaxDowntimeSeconds = Math.Max(Defaults.MaxDowntimeSeconds, request.DowntimeSeconds);
        }

        Take(_maxRounds, "limits.rounds", rounds => request.MaxRounds = rounds);
        Take(_maxTime, "limits.time", time => request.MaxSeconds = time.Value.TotalSeconds);
        Take(_settleTime, "limits.settle-time", time => request.SettleSeconds = (int)Math.Min(int.MaxValue, Math.Ceiling(time.Value.TotalSeconds)));
        Take(_onStall, "limits.on-stall", action => request.OnStall = action!);
        Take(_bandwidth, "limits.bandwidth", rate => request.BandwidthBytesPerSecond = RateText.ToLimit(rate.BytesPerSecond));
        Take(_channels, "stream.channels", channels => request.Channels = channels);
        Take(_compress, "stream.compress", compress => request.Compress = compress!);
        Take(_populate, "stream.populate", populate => request.Populate = populate!);
        request.Verify = origins.ContainsKey("stream.verify") ? request.Verify : _verifyByDefault;
        Take(_verify, "stream.verify", verify => request.Verify = verify);
        Take(_noVerify, "stream.verify", noVerify => request.Verify = !noVerify);
        Take(_crossCheck, "sequence.cross-check", crossCheck => request.CrossCheck = crossCheck);
        request.Rules = [.. ReadRules(parsed), .. request.Rules];
        MigrateChoices.Validate(request);
        return new Policy(request, origins);
    }

    private IEnumerable<SourceRule> ReadRules(ParseResult parsed)
    {
        if (parsed.GetValue(_trackerVcpus) is { } vcpus)
        {
            yield return new SourceRule { Source = "vcpus", With = [vcpus], Combine = PolicyChoices.First, From = _trackerVcpus.Name };
        }

        if (parsed.GetValue(_trackerDevices) is { } devices)
        {
            yield return new SourceRule { DevicesOnly = true, With = [devices], Combine = PolicyChoices.First, From = _trackerDevices.Name };
        }

        if (parsed.GetResult(_nicPageSize) is { Implicit: false })
        {
            yield return new SourceRule { DevicesOnly = true, PageSizeBytes = parsed.GetValue(_nicPageSize).Bytes, From = _nicPageSize.Name };
        }
    }
}

using System.CommandLine;
using Ferry.Cli.Control;
using Ferry.Cli.Values;

namespace Ferry.Cli.Commands;

/// <summary>The options that say how a machine is to be moved; <c>migrate</c>, <c>demo</c> and <c>plan</c> share them.</summary>
internal sealed class MigrateOptions
{
    private static readonly MigrateRequest Defaults = new();

    private readonly Option<Duration> _downtime = OptionFactory.Time(
        "--downtime", "How long the vCPUs may stand still.", TimeSpan.FromSeconds(Defaults.DowntimeSeconds));

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
        "--tracker-vcpus", "What tracks the writes of the vCPUs; where not given, kvm-log with KVM and process with threads.", null, MigrateChoices.TrackerVcpus);

    private readonly Option<string?> _trackerDevices = OptionFactory.Choice(
        "--tracker-devices", "What tracks the DMA of the devices: their own logs, or nothing, so that all memory counts as dirty.",
        Defaults.TrackerDevices, MigrateChoices.TrackerDevices);

    private readonly Option<ByteSize> _nicPageSize = OptionFactory.Size(
        "--nic-page-size", "The page size of the devices' DMA logs; the finest that they offer where not given.", null);

    private readonly bool _verifyByDefault;

    /// <summary>The options, added to <paramref name="command"/>.</summary>
    public MigrateOptions(Command command, bool verifyByDefault)
    {
        _verifyByDefault = verifyByDefault;
        Option[] options =
        [
            _downtime, _maxDowntime, _maxRounds, _maxTime, _settleTime, _onStall, _channels, _compress, _bandwidth, _populate, _verify, _noVerify, _trackerVcpus,
            _trackerDevices, _nicPageSize,
        ];
        foreach (var option in options)
        {
            command.Add(option);
        }
    }

    /// <summary>What the command line asks for.</summary>
    /// <exception cref="UsageException">Two options contradict each other.</exception>
    /// <exception cref="ControlException">A value is out of its limits.</exception>
    public MigrateRequest Read(ParseResult parsed)
    {
        if (parsed.GetValue(_verify) && parsed.GetValue(_noVerify))
        {
            throw new UsageException("--verify and --no-verify contradict each other; give one");
        }

        var downtime = parsed.GetValue(_downtime).Value.TotalSeconds;
        var request = new MigrateRequest
        {
            DowntimeSeconds = downtime,
            MaxDowntimeSeconds = parsed.GetResult(_maxDowntime) is null
                ? Math.Max(Defaults.MaxDowntimeSeconds, downtime)
                : parsed.GetValue(_maxDowntime).Value.TotalSeconds,
            MaxRounds = parsed.GetValue(_maxRounds),
            MaxSeconds = parsed.GetValue(_maxTime).Value.TotalSeconds,
            SettleSeconds = (int)Math.Min(int.MaxValue, Math.Ceiling(parsed.GetValue(_settleTime).Value.TotalSeconds)),
            OnStall = parsed.GetValue(_onStall)!,
            Channels = parsed.GetValue(_channels),
            Compress = parsed.GetValue(_compress)!,
            BandwidthBytesPerSecond = parsed.GetResult(_bandwidth) is null ? null : RateText.ToLimit(parsed.GetValue(_bandwidth).BytesPerSecond),
            Populate = parsed.GetValue(_populate)!,
            Verify = parsed.GetValue(_verify) || (_verifyByDefault && !parsed.GetValue(_noVerify)),
            TrackerVcpus = parsed.GetValue(_trackerVcpus),
            TrackerDevices = parsed.GetValue(_trackerDevices)!,
            DevicePageSizeBytes = parsed.GetValue(_nicPageSize).Bytes,
        };
        MigrateChoices.Validate(request);
        return request;
    }
}

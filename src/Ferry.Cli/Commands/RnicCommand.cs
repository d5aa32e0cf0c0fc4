using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Values;
using Ferry.Devices.Dma;
using Ferry.Devices.Hosting;
using Ferry.Devices.Models;
using Ferry.Memory;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry device rnic</c>: an RDMA-like NIC as a process.</summary>
internal static class RnicCommand
{
    private static readonly RnicOptions Defaults = new();

    /// <summary>What the log may report, in the words of the option.</summary>
    public static string[] LogModes { get; } = ["exact", "pinned"];

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var socket = OptionFactory.Text("--socket", "Where to listen; mode 0600, removed at the end.", "PATH", required: true);
        var exitWithInput = OptionFactory.ExitWithInput();
        var json = OptionFactory.Json();
        var command = new Command("rnic", "Serve an RDMA-like NIC: it writes numbered, checksummed messages into the guest's memory by DMA. docs/rnic.md describes it.")
        {
            socket, exitWithInput, json,
        };
        var read = AddModelOptions(command);
        command.SetAction((parsed, cancellation) =>
        {
            using var supervised = Supervision.Start(parsed.GetValue(exitWithInput), cancellation);
            var report = Serve(read(parsed), Path.GetFullPath(parsed.GetValue(socket)!), parsed.InvocationConfiguration.Error, supervised.Token);
            if (parsed.GetValue(json))
            {
                parsed.InvocationConfiguration.Output.WriteLine(JsonSerializer.Serialize(report, ControlJson.Indented.DeviceProcessDocument));
            }

            return Task.FromResult(ExitCodes.Done);
        });
        HelpWithExample.AddTo(
            command, "ferry device rnic --socket nic0.sock --rate 64M --message 4K", "ferry device rnic --socket nic0.sock --log-page-sizes 64K,2M --no-pre-copy");
        return command;
    }

    private static Func<ParseResult, RnicOptions> AddModelOptions(Command command)
    {
        var message = OptionFactory.Size("--message", "The size of a message: 64 to 1M, a multiple of 64.", (ulong)Defaults.MessageBytes);
        var rate = OptionFactory.Rate("--rate", "How fast it writes messages; as fast as the guest posts buffers where not given.", null);
        var state = OptionFactory.Size("--state", "The size of its state beside its registers: 0 to 1G, a multiple of 64.", (ulong)Defaults.DeviceStateBytes);
        var noP2P = OptionFactory.Flag("--no-p2p", "Without the P2P states.");
        var noPreCopy = OptionFactory.Flag("--no-pre-copy", "Without the PRE_COPY states.");
        var noLog = OptionFactory.Flag("--no-dma-log", "Without a log of its DMA writes.");
        var sizes = OptionFactory.Text("--log-page-sizes", "The page sizes at which it can log, separated by commas.", "SIZES");
        sizes.DefaultValueFactory = _ => string.Join(',', Defaults.LogPageSizes);
        var log = OptionFactory.Choice("--log", "What its log reports: the pages that it wrote, or those that it has pinned for write.", LogModes[0], LogModes);
        var pageTable = OptionFactory.Flag("--page-table", "Let the machine watch this process's page table, for the trackers iotable and iotable-faults.");
        var ranges = OptionFactory.Count("--log-max-ranges", "The most ranges that it logs.", Defaults.LogMaxRanges, 1, 4096);
        var seed = OptionFactory.Count("--seed", "What the contents of its state are made of.", (int)Defaults.Seed, 0, int.MaxValue);
        Option[] options = [message, rate, state, noP2P, noPreCopy, noLog, log, pageTable, sizes, ranges, seed];
        foreach (var option in options)
        {
            command.Add(option);
        }

        return parsed => Checked(new RnicOptions
        {
            MessageBytes = ToInt32("--message", parsed.GetValue(message)),
            RateBytesPerSecond = parsed.GetResult(rate) is null ? null : RateText.ToLimit(parsed.GetValue(rate).BytesPerSecond),
            DeviceStateBytes = ToInt32("--state", parsed.GetValue(state)),
            P2P = !parsed.GetValue(noP2P),
            PreCopy = !parsed.GetValue(noPreCopy),
            DmaLogging = !parsed.GetValue(noLog),
            LogPageSizes = [.. parsed.GetValue(sizes)!.Split(',').Select(ParsePageSize)],
            LogMode = parsed.GetValue(log) == LogModes[1] ? DmaLogMode.Pinned : DmaLogMode.Exact,
            SharesPageTable = parsed.GetValue(pageTable),
            LogMaxRanges = parsed.GetValue(ranges),
            Seed = (ulong)parsed.GetValue(seed),
        });
    }

    private static DeviceProcessDocument Serve(RnicOptions options, string socket, TextWriter log, CancellationToken cancellation)
    {
        var refused = 0L;
        using var device = new Rnic(options);
        DeviceHost.Run(
            device,
            socket,
            cancellation,
            onError: e =>
            {
                Interlocked.Increment(ref refused);
                log.WriteLine($"rnic: {e.Message}");
            },
            onListening: () => log.WriteLine(FormattableString.Invariant(
                $"ready: rnic at {socket}, messages of {SizeText.Exact((ulong)options.MessageBytes)}, {(options.RateBytesPerSecond is { } rate ? RateText.ForPeople(rate) : "as fast as buffers are posted")}")));
        return new DeviceProcessDocument("rnic", socket, refused);
    }

    private static RnicOptions Checked(RnicOptions options) =>
        options.Validate() is [var first, ..] ? throw new UsageException(first) : options;

    private static int ToInt32(string name, ByteSize size) =>
        size.Bytes <= int.MaxValue ? (int)size.Bytes : throw new UsageException($"{name}: {size} is more than {int.MaxValue.ToString(CultureInfo.InvariantCulture)} bytes");

    private static PageSize ParsePageSize(string text) =>
        SizeText.TryParse(text, out var bytes) && bytes >= 4096 && ulong.IsPow2(bytes)
            ? new PageSize(bytes)
            : throw new UsageException($"--log-page-sizes: '{text}' is no power of two of at least 4K");
}

using System.CommandLine;
using Ferry.Cli.Control;
using Ferry.Cli.Demo;
using Ferry.Cli.Hosting;
using Ferry.Cli.MachineFiles;
using Ferry.Cli.Values;

namespace Ferry.Cli.Commands;

/// <summary>The options of <c>demo</c> that say what machine and device it shows.</summary>
internal static class DemoOptions
{
    private static readonly DemoSettings Defaults = new() { Migrate = new MigrateRequest() };

    /// <summary>Adds the options to <paramref name="command"/> and gives what reads them.</summary>
    public static Func<ParseResult, DemoSettings> AddTo(Command command)
    {
        var memory = OptionFactory.Size("--memory", "Guest memory.", Defaults.MemoryBytes);
        var fill = OptionFactory.Text("--fill", $"What the rest of memory holds: {FillSettings.Form}; where not given, {Defaults.Fill}, or a quarter of less memory.", "FILL");
        var vcpus = OptionFactory.Count("--vcpus", "The number of vCPUs.", Defaults.VcpuCount, 1, MachineFileReader.MostVcpus);
        var hugePages = OptionFactory.Flag("--huge-pages", "Make guest memory of huge pages.");
        var accelerator = OptionFactory.Choice("--accelerator", "What runs the guest.", Defaults.Accelerator, "auto", "kvm", "thread");
        var workingSet = OptionFactory.Size("--working-set", "The memory that the guest program works on.", Defaults.Ledger.WorkingSetBytes);
        var dirtyRate = OptionFactory.Rate("--dirty-rate", "How fast it dirties memory; 0 for not at all, max for as fast as it can.", Defaults.Ledger.DirtyRateBytesPerSecond);
        var stride = OptionFactory.Count("--check-stride", "The distance in bytes of the words that it checks of a message; a multiple of 8.", (int)Defaults.Ledger.CheckStrideBytes, 8, 4096);
        var seed = OptionFactory.Count("--seed", "The seed of its random choices.", (int)Defaults.Ledger.Seed, 0, int.MaxValue);
        var nicRate = OptionFactory.Rate("--nic-rate", "How fast the device writes messages into guest memory; 0 for not at all, max for as fast as it can.", Defaults.NicRateBytesPerSecond);
        var nicMessage = OptionFactory.Size("--nic-message", "The size of a message; a multiple of 64.", Defaults.NicMessageBytes);
        var nicWorkingSet = OptionFactory.Size("--nic-working-set", "The most memory that the device's messages go round in.", Defaults.Ledger.NicWorkingSetBytes);
        var nics = OptionFactory.Count("--nics", "The number of devices; each vCPU drives one, and further ones are there and idle.", Defaults.Nics.Count, 1, MachineFileReader.MostDevices);
        var nicLacks = new Option<string[]>("--nic-lacks")
        {
            Description = $"What a device lacks, so that devices differ: none, or some of {string.Join(", ", DemoSettings.Abilities)}, separated by commas. Given once for each device, in order.",
            HelpName = "LIST",
        };
        var nicPeers = OptionFactory.Flag("--nic-peers", "Let each device write the numbers of its messages into the next device by peer-to-peer DMA; that one stops with a fault where a number is missing.");
        var nicDma = OptionFactory.Choice("--nic-dma", "How the devices reach guest memory: they share it, or ask for each access by a message.", Defaults.NicDma, [.. DeviceSettings.DmaChoices]);
        var nicIommu = OptionFactory.Flag("--nic-iommu", "Put a virtual IOMMU before each device: the guest maps each buffer for it when it posts it, and unmaps it when its message has come.");
        var nicLog = OptionFactory.Choice("--nic-log", "What the devices' own logs report: the pages that were written, or those that are pinned for write.", Defaults.NicLog, RnicCommand.LogModes);
        var nicPageTable = OptionFactory.Flag("--nic-page-table", "Let the machine watch the page tables of the devices' processes, for the trackers iotable and iotable-faults.");
        var warmUp = OptionFactory.Time("--warm-up", "How long the guest works before it is moved.", Defaults.WarmUp);
        Option[] options =
        [
            memory, fill, vcpus, hugePages, accelerator, workingSet, dirtyRate, stride, seed, nicRate, nicMessage, nicWorkingSet, nics, nicLacks, nicPeers, nicDma, nicIommu,
            nicLog, nicPageTable, warmUp,
        ];
        foreach (var option in options)
        {
            command.Add(option);
        }

        return parsed => Defaults with
        {
            MemoryBytes = parsed.GetValue(memory).Bytes,
            Fill = parsed.GetValue(fill) ?? DefaultFill(parsed.GetValue(memory).Bytes),
            VcpuCount = parsed.GetValue(vcpus),
            HugePages = parsed.GetValue(hugePages),
            Accelerator = parsed.GetValue(accelerator)!,
            Ledger = new LedgerSettings
            {
                WorkingSetBytes = parsed.GetValue(workingSet).Bytes,
                DirtyRateBytesPerSecond = parsed.GetValue(dirtyRate).BytesPerSecond,
                NicWorkingSetBytes = parsed.GetValue(nicWorkingSet).Bytes,
                CheckStrideBytes = (uint)parsed.GetValue(stride),
                Seed = (ulong)parsed.GetValue(seed),
            },
            NicRateBytesPerSecond = parsed.GetValue(nicRate).BytesPerSecond,
            NicMessageBytes = parsed.GetValue(nicMessage).Bytes,
            Nics = ReadNics(parsed.GetValue(nics), parsed.GetValue(nicLacks) ?? []),
            NicPeers = parsed.GetValue(nicPeers),
            NicDma = parsed.GetValue(nicDma)!,
            NicIommu = parsed.GetValue(nicIommu),
            NicLog = parsed.GetValue(nicLog)!,
            NicPageTable = parsed.GetValue(nicPageTable),
            WarmUp = parsed.GetValue(warmUp).Value,
        };
    }

    private static string DefaultFill(ulong memoryBytes) =>
        FillSettings.TryParse(Defaults.Fill, memoryBytes / 4, out _) ? Defaults.Fill : $"mixed:{SizeText.Exact(memoryBytes / 4)}";

    private static List<IReadOnlyList<string>> ReadNics(int count, string[] lacks)
    {
        if (lacks.Length > count)
        {
            throw new UsageException(FormattableString.Invariant($"--nic-lacks is given {lacks.Length} times, and --nics is {count}"));
        }

        var nics = Enumerable.Repeat<IReadOnlyList<string>>([], count).ToList();
        for (var i = 0; i < lacks.Length; i++)
        {
            nics[i] = lacks[i] == "none" ? [] : lacks[i].Split(',');
            foreach (var lack in nics[i].Where(lack => !DemoSettings.Abilities.Contains(lack)))
            {
                throw new UsageException($"--nic-lacks: unknown value '{lack}'; {NearestName.Suggest(lack, DemoSettings.Abilities)}");
            }
        }

        return nics;
    }

    /// <summary>Checks what one option can't tell without the others. The hosts check all of it again in the machine file.</summary>
    /// <exception cref="UsageException">Something makes no sense.</exception>
    public static void Check(DemoSettings settings)
    {
        if (settings.Otlp is { } collector)
        {
            _ = TelemetryExport.Parse(collector);
        }

        if (settings.MemoryBytes is < MachineFileReader.LeastMemoryBytes or > MachineFileReader.MostMemoryBytes || settings.MemoryBytes % (2 << 20) != 0)
        {
            throw new UsageException($"--memory: {SizeText.Exact(settings.MemoryBytes)} is not a multiple of 2M from {SizeText.Exact(MachineFileReader.LeastMemoryBytes)} to {SizeText.Exact(MachineFileReader.MostMemoryBytes)}");
        }

        if (!FillSettings.TryParse(settings.Fill, settings.MemoryBytes, out _))
        {
            throw new UsageException($"--fill: '{settings.Fill}' is not {FillSettings.Form}, with SIZE at most --memory, {SizeText.Exact(settings.MemoryBytes)}");
        }

        var workingSet = settings.Ledger.WorkingSetBytes;
        if (workingSet == 0 || workingSet % 4096 != 0 || workingSet > settings.MemoryBytes)
        {
            throw new UsageException($"--working-set: {SizeText.Exact(workingSet)} is not a multiple of 4K from 4K to --memory, {SizeText.Exact(settings.MemoryBytes)}");
        }

        if (settings.Ledger.CheckStrideBytes % 8 != 0)
        {
            throw new UsageException($"--check-stride: {settings.Ledger.CheckStrideBytes} is not a multiple of 8");
        }

        if (settings.NicPeers && settings.Nics.Count < 2)
        {
            throw new UsageException("--nic-peers needs two devices; give --nics 2");
        }

        if (settings.NicMessageBytes is < 64 or > 1 << 20 || settings.NicMessageBytes % 64 != 0)
        {
            throw new UsageException($"--nic-message: {SizeText.Exact(settings.NicMessageBytes)} is not a multiple of 64 from 64 to 1M");
        }
    }
}

using System.Globalization;
using Ferry.Cli.Documents;
using Ferry.Cli.Values;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Ferry.Cli.Ui;

/// <summary>What a probe found, for people.</summary>
internal static class ProbeView
{
    /// <summary>Writes <paramref name="probe"/> to <paramref name="console"/>.</summary>
    public static void Write(IAnsiConsole console, ProbeDocument probe)
    {
        WriteProviders(console, probe);
        WriteHost(console, probe);
        WriteDevices(console, probe);
        WriteSockets(console, probe);
        WriteRest(console, probe);
    }

    private static void WriteProviders(IAnsiConsole console, ProbeDocument probe)
    {
        var table = Table("provider", "here", "page sizes", "what, or why not");
        foreach (var provider in probe.Providers)
        {
            var lines = provider.Details.Count == 0 ? provider.Reason : $"{provider.Reason}\n{string.Join('\n', provider.Details.Select(line => $"- {line}"))}";
            table.AddRow(new Text(provider.Name), new Markup(Verdict(provider.Status)), new Text(Sizes(provider.PageSizes)), new Text(lines));
        }

        console.Write(table);
    }

    private static void WriteHost(IAnsiConsole console, ProbeDocument probe)
    {
        var grid = new Grid().AddColumn(new GridColumn().PadRight(3).NoWrap()).AddColumn();
        void Row(string name, string value) => grid.AddRow(new Markup($"[grey]{name}[/]"), new Text(value));
        Row("kernel", $"Linux {probe.Kernel.Release ?? "?"}{(probe.Kernel.BootOptions.Count == 0 ? "" : $", booted with {string.Join(' ', probe.Kernel.BootOptions)}")}");
        Row("processor", $"{probe.Processor.Model ?? "?"}, pages of {Sizes(probe.Processor.PageSizes)}, {probe.Processor.Virtualization ?? "shows neither vmx nor svm"}");
        Row("KVM", probe.Kvm.Problem is { } problem ? Words(problem) : DescribeKvm(probe.Kvm));
        Row("userfaultfd", DescribeUserfault(probe.Userfault));
        Row("memory", DescribeMemory(probe.Memory));
        foreach (var pages in probe.Memory.HugePages)
        {
            Row("huge pages", $"{SizeText.Exact(pages.SizeBytes)}: {(pages.Problem ?? string.Create(CultureInfo.InvariantCulture, $"{pages.Free} of {pages.Total} free"))}");
        }

        foreach (var iommu in probe.Iommus)
        {
            Row("IOMMU", $"{iommu.Name} ({iommu.Kind}), {Count(iommu.Devices, "device")}: {iommu.Evidence}");
        }

        if (probe.IommuProblem is { } none)
        {
            Row("IOMMU", Words(none));
        }

        Row("iommufd", Words(probe.IommufdProblem));
        Row("VFIO container", Words(probe.ContainerProblem));
        console.Write(grid);
    }

    private static void WriteDevices(IAnsiConsole console, ProbeDocument probe)
    {
        if (probe.Devices.Any(device => device.Vfio))
        {
            var table = Table("VFIO device", "driver", "group", "opened", "migration", "DMA log", "IOMMU dirty bits");
            foreach (var device in probe.Devices.Where(device => device.Vfio))
            {
                string Known(string text) => device.Problem is null ? text : "?";
                table.AddRow(Cells(
                    $"{device.Name}\n{device.Bus} {device.Identity}", device.Driver ?? "-", Number(device.Group), device.OpenedBy is { } way ? $"by {way}" : "no",
                    Known(Migration(device.Migration)), Known(Log(device.LogProblem, device.LogPageSizes)), Known(Words(device.IommuProblem))));
            }

            console.Write(table);
            WriteProblems(console, probe.Devices.Where(device => device.Vfio).Select(device => (device.Name, device.Problem)));
        }

        foreach (var group in probe.Groups.Where(group => group.Foreign.Count > 0))
        {
            console.MarkupLine($"[yellow]group {group.Number}[/] holds what the kernel uses itself: {Markup.Escape(string.Join(", ", group.Foreign))}");
        }

        foreach (var type in probe.MdevTypes)
        {
            console.MarkupLine($"[grey]mediated devices:[/] {Markup.Escape($"{type.Parent} offers {type.Type} ({type.Label ?? type.Api ?? "?"}), {type.Available?.ToString(CultureInfo.InvariantCulture) ?? "?"} left")}");
        }

        WriteUnbound(console, [.. probe.Devices.Where(device => !device.Vfio)]);
    }

    private static void WriteUnbound(IAnsiConsole console, IReadOnlyList<ProbeDeviceDocument> devices)
    {
        // Without an IOMMU there is nothing to be done with any of them, and what is missing is said above.
        foreach (var device in devices.Where(device => device.Group is not null))
        {
            console.MarkupLine(
                $"[grey]PCI device[/] {Markup.Escape($"{device.Name} ({device.Identity}, class {device.PciClass}, group {Number(device.Group)})")}");
            // What can be copied is written as it is, however wide the screen.
            console.Profile.Out.Writer.WriteLine($"  {device.Problem?.Reason}");
        }

        var without = devices.Count(device => device.Group is null);
        if (without > 0)
        {
            console.MarkupLine($"[grey]{Count(without, "PCI device")} without an IOMMU before {(without == 1 ? "it" : "them")}, so that no VFIO driver could have {(without == 1 ? "it" : "them")}; --json lists all[/]");
        }
    }

    private static void WriteSockets(IAnsiConsole console, ProbeDocument probe)
    {
        if (probe.Sockets.Count == 0)
        {
            return;
        }

        var table = Table("vfio-user device", "version", "migration", "DMA log", "precision", "page table by scans", "by faults");
        foreach (var socket in probe.Sockets)
        {
            string Known(string text) => socket.Problem is null ? text : "?";
            table.AddRow(Cells(
                socket.Socket, socket.Version ?? "?", Known(Migration(socket.Migration)),
                Known(Log(socket.LogProblem, socket.LogPageSizes) + (socket.LogMaxRanges is { } ranges ? string.Create(CultureInfo.InvariantCulture, $", {ranges} ranges") : "")),
                Known(socket.LogPrecision ?? "-"), Known(Words(socket.ScanProblem)), Known(Words(socket.FaultProblem))));
        }

        console.Write(table);
        WriteProblems(console, probe.Sockets.Select(socket => (socket.Socket, socket.Problem)));
    }

    // Outside of the table, which would break them into words.
    private static void WriteProblems(IAnsiConsole console, IEnumerable<(string Name, ObstacleDocument? Problem)> all)
    {
        foreach (var (name, problem) in all.Where(each => each.Problem is not null))
        {
            console.MarkupLine($"[yellow]{Markup.Escape(name)}[/]: {Markup.Escape(Words(problem))}");
        }
    }

    private static void WriteRest(IAnsiConsole console, ProbeDocument probe)
    {
        foreach (var unread in probe.Unread)
        {
            console.MarkupLine($"[yellow]{Markup.Escape(Words(unread))}[/]");
        }
    }

    private static string DescribeKvm(ProbeKvmDocument kvm) => string.Create(
        CultureInfo.InvariantCulture,
        $"dirty log {(kvm.LogProblem is { } log ? $"can't: {Words(log)}" : "with manual protection")}; rings {(kvm.RingProblem is { } ring ? $"can't: {Words(ring)}" : $"of up to {kvm.MaxRingEntries} entries{(kvm.OrderedRings ? ", ordered" : "")}")}; {kvm.MemorySlots} memory slots");

    private static string DescribeUserfault(ProbeUserfaultDocument found) => found.Problem is { } problem
        ? Words(problem)
        : $"write protection of shared memory {(found.WriteProtectShared ? "yes" : "no")}, asynchronous {(found.WriteProtectAsync ? "yes" : "no")}; PAGEMAP_SCAN {Words(found.ScanProblem)}; "
            + $"the kernel's writes may wait: {(found.FaultProblem is { } fault ? Words(fault) : found.KernelFaultsByCall ? "yes" : "yes, by /dev/userfaultfd")}; vm.unprivileged_userfaultfd = {found.UnprivilegedSetting ?? "?"}";

    private static string DescribeMemory(ProbeMemoryDocument memory) =>
        $"{(memory.TotalBytes is { } total ? SizeText.ForPeople(total) : "?")}, "
        + (memory.LockProblem ?? $"all may be pinned{(memory.IgnoresLockLimit ? " (CAP_IPC_LOCK)" : "")}")
        + (memory.SharedHugePages is { } huge ? $"; transparent huge pages of shared memory: {huge}" : "");

    private static string Log(ObstacleDocument? problem, IReadOnlyList<ulong> sizes) => problem is null ? Sizes(sizes) : Words(problem);

    private static string Migration(IReadOnlyList<string>? flags) => flags is null ? "-" : flags.Count == 0 ? "none" : string.Join(", ", flags);

    private static string Words(ObstacleDocument? obstacle) => obstacle?.Kind switch
    {
        null => "yes",
        ProbeNames.Missing or ProbeNames.Failed => obstacle.Reason,
        _ => $"{obstacle.Kind.Replace('-', ' ')}: {obstacle.Reason}",
    };

    private static string Verdict(string status) => status switch
    {
        ProbeNames.Can => "[green]can[/]",
        ProbeNames.Cannot => "[red]can't[/]",
        ProbeNames.NotPermitted => "[yellow]not permitted[/]",
        _ => "[yellow]unknown[/]",
    };

    private static string Sizes(IReadOnlyList<ulong> sizes)
    {
        // A run of neighbours is as well told by its ends.
        var isRun = sizes.Count > 2 && sizes.Zip(sizes.Skip(1)).All(pair => pair.Second == pair.First * 2);
        return sizes.Count == 0 ? "-" : isRun ? $"{SizeText.Exact(sizes[0])} to {SizeText.Exact(sizes[^1])}" : string.Join(", ", sizes.Select(SizeText.Exact));
    }

    private static string Number(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    private static IRenderable[] Cells(params string[] texts) => [.. texts.Select(text => new Text(text))];

    private static Table Table(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        foreach (var column in columns)
        {
            table.AddColumn($"[bold]{column}[/]");
        }

        return table;
    }
}

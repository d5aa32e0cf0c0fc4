using System.Globalization;
using Ferry.Cli.Documents;
using Ferry.Cli.Values;
using Spectre.Console;

namespace Ferry.Cli.Ui;

/// <summary>A machine's status for people.</summary>
internal static class StatusView
{
    /// <summary>Writes <paramref name="status"/> to <paramref name="console"/>.</summary>
    public static void Write(IAnsiConsole console, MachineStatus status)
    {
        var grid = new Grid().AddColumn(new GridColumn().PadRight(3)).AddColumn();
        void Row(string name, string value) => grid.AddRow(new Markup($"[grey]{name}[/]"), new Text(value));
        Row("machine", $"{status.Name}: {status.State}{(status.Reason is null ? "" : $" ({status.Reason})")}, process {status.ProcessId.ToString(CultureInfo.InvariantCulture)}");
        Row("memory", $"{SizeText.ForPeople(status.MemoryBytes)}, {status.Vcpus} vCPU{(status.Vcpus == 1 ? "" : "s")}, accelerator {status.Accelerator}");
        if (status.Listening is not null)
        {
            Row("listens", status.Listening);
        }

        if (status.Guest is { } guest)
        {
            Row("guest", DescribeGuest(guest));
        }

        foreach (var device in status.Devices)
        {
            Row("device", $"{device.Id} ({device.Kind}): {device.State}{(device.Fault == true ? ", says that it has a fault" : "")}{(device.Iommu is null ? "" : $", {DescribeIommu(device.Iommu)}")}");
            if (device.Kernel is { } kernel)
            {
                Row("", DescribeKernel(kernel));
            }
        }

        if (status.Migration is { } migration)
        {
            Row("migration", $"round {migration.Round}, {migration.Phase}, {SizeText.ForPeople(migration.RemainingBytes)} left, {RateText.ForPeople(migration.BytesPerSecond)}");
        }

        console.Write(grid);
    }

    /// <summary>What a virtual IOMMU does, or null where there is none.</summary>
    public static string? DescribeIommu(IommuStatus? iommu) => iommu is null
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"behind an IOMMU: {iommu.Mappings:N0} mappings, mapped and unmapped {iommu.Changes:N0} times on this host");

    /// <summary>What a device of the kernel's is to the machine, on one line.</summary>
    public static string DescribeKernel(KernelStatus kernel)
    {
        var regions = kernel.Regions.Select(region =>
            $"region {region.Region} of {SizeText.ForPeople(region.Bytes)} at 0x{region.Address:x}{(region.MappedBytes == 0 ? "" : $", {SizeText.ForPeople(region.MappedBytes)} mapped")}");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{kernel.Address}, {kernel.Space}; {string.Join("; ", regions)}{(kernel.Interrupts is { } count ? $"; {count:N0} interrupts" : "")}");
    }

    /// <summary>What the guest tells of itself, on one line.</summary>
    public static string DescribeGuest(GuestStatus guest) => string.Create(
        CultureInfo.InvariantCulture,
        $"{guest.Transfers:N0} transfers, {guest.Messages:N0} messages, {guest.Errors:N0} errors{(guest.LastError is null ? "" : $", the last: {guest.LastError}")}");
}

namespace Ferry.Tracking.Probing;

/// <summary>Devices by sysfs. Source: the kernel's documents on VFIO, mediated devices and sysfs-bus-pci.</summary>
internal static class DeviceScan
{
    private const string Pci = "/sys/bus/pci/devices";
    private const string Mdev = "/sys/bus/mdev/devices";
    private const string VfioClass = "/sys/class/vfio-dev";
    private const string MdevClass = "/sys/class/mdev_bus";
    private const uint BridgeClass = 6;
    private const int MaxTextChars = 64;

    /// <summary>Devices that a VFIO driver has, then the PCI devices that one could have: all but bridges, which are not given away.</summary>
    public static IReadOnlyList<DeviceFinding> Read(IHostFiles files, Obstacle? iommuProblem)
    {
        List<DeviceFinding> found = [.. files.List(Pci).Select(name => ReadPci(files, name, iommuProblem)), .. files.List(Mdev).Select(name => ReadMdev(files, name))];
        foreach (var name in files.List(VfioClass))
        {
            // Of another bus; its folder is behind a link, and its name in it.
            var device = files.ReadLink($"{VfioClass}/{name}/device");
            if (device is not null && found.TrueForAll(each => each.Name != device))
            {
                found.Add(ReadOther(files, $"{VfioClass}/{name}/device", device));
            }
        }

        return [.. found.Where(each => each.IsVfio || each.PciClass >> 16 != BridgeClass).OrderByDescending(each => each.IsVfio)];
    }

    /// <summary>The kinds of mediated devices that drivers offer.</summary>
    public static IReadOnlyList<MdevTypeFinding> ReadMdevTypes(IHostFiles files) =>
    [
        .. from parent in files.List(MdevClass)
           let folder = $"{MdevClass}/{parent}/mdev_supported_types"
           from type in files.List(folder)
           select new MdevTypeFinding(
               parent, type, Short(files.Read($"{folder}/{type}/name")), Short(files.Read($"{folder}/{type}/device_api")),
               SystemText.ParseNumber(files.Read($"{folder}/{type}/available_instances"))),
    ];

    /// <summary>The devices of a group that the kernel uses itself, each with its driver.</summary>
    public static IReadOnlyList<string> FindForeign(IHostFiles files, int group, out IReadOnlyList<string> members)
    {
        var folder = $"/sys/kernel/iommu_groups/{group}/devices";
        members = files.List(folder);
        return
        [
            .. from member in members
               let driver = files.ReadLink($"{folder}/{member}/driver")
               // These leave DMA alone: drivers/pci/pci-stub.c and drivers/pci/pcie/portdrv.c, driver_managed_dma.
               where driver is not (null or "pci-stub" or "pcieport") && !IsVfio(files, $"{folder}/{member}", driver)
               select $"{member} is bound to {driver}",
        ];
    }

    private static DeviceFinding ReadPci(IHostFiles files, string name, Obstacle? iommuProblem)
    {
        var folder = $"{Pci}/{name}";
        uint? Number(string file) => SystemText.ParseHex(files.Read($"{folder}/{file}")) is { } value and <= uint.MaxValue ? (uint)value : null;
        var (vendor, device) = (Number("vendor"), Number("device"));
        var common = ReadOther(files, folder, name) with
        {
            Bus = "pci",
            Identity = vendor is { } v && device is { } d ? $"{v:x4}:{d:x4}" : null,
            PciClass = Number("class"),
        };
        return common.IsVfio ? common : common with { Problem = ExplainUnbound(common, iommuProblem) };
    }

    private static DeviceFinding ReadMdev(IHostFiles files, string name) =>
        ReadOther(files, $"{Mdev}/{name}", name) with { Bus = "mdev", Identity = files.ReadLink($"{Mdev}/{name}/mdev_type"), IsVfio = true };

    private static DeviceFinding ReadOther(IHostFiles files, string folder, string name)
    {
        var driver = files.ReadLink($"{folder}/driver");
        var group = SystemText.ParseNumber(files.ReadLink($"{folder}/iommu_group"));
        return new()
        {
            Name = name,
            Bus = files.ReadLink($"{folder}/subsystem") ?? "unknown",
            Driver = driver,
            IsVfio = IsVfio(files, folder, driver),
            Group = group <= int.MaxValue ? (int)group : null,
            Iommu = files.ReadLink($"{folder}/iommu"),
            File = files.List($"{folder}/vfio-dev") is [var only] && files.Exists($"/dev/vfio/devices/{only}") ? $"/dev/vfio/devices/{only}" : null,
        };
    }

    // The folder is there since Linux 6.1.
    private static bool IsVfio(IHostFiles files, string folder, string? driver) =>
        driver?.Contains("vfio", StringComparison.Ordinal) == true || files.List($"{folder}/vfio-dev").Count > 0;

    private static Obstacle ExplainUnbound(DeviceFinding device, Obstacle? iommuProblem)
    {
        var folder = $"{Pci}/{device.Name}";
        var unbind = device.Driver is null ? "" : $" echo {device.Name} > {folder}/driver/unbind;";
        var reason = device.Group is null && iommuProblem is not null
            ? $"no IOMMU is before it: {iommuProblem}"
            : $"{(device.Driver is null ? "no driver has it" : $"it is bound to {device.Driver}")}; to bind it to vfio-pci, or to its vendor's VFIO driver: "
                + $"echo vfio-pci > {folder}/driver_override;{unbind} echo {device.Name} > /sys/bus/pci/drivers_probe";
        return new(ObstacleKind.Missing, reason);
    }

    private static string? Short(string? text) => text is null || text.Length <= MaxTextChars ? text : text[..MaxTextChars];
}

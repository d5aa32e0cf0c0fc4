using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Probing;

/// <summary>Turns what was found into a verdict on each provider of this host: those whose trackers are in this library.</summary>
public static class ProviderVerdicts
{
    private const string NoVfio = "no device is bound to a VFIO driver: bind one, as is said with each device";
    private static readonly PageSize[] SmallPages = [PageSize.Size4K];

    // Source: docs/trackers.md and the kernel's history of the calls.
    private static readonly Dictionary<string, Version> FirstVersions = new()
    {
        ["kvm-log"] = new(5, 7),
        ["kvm-ring"] = new(5, 11),
        ["process"] = new(6, 7),
        ["iotable"] = new(6, 7),
        ["iotable-faults"] = new(5, 19),
        ["vfio-device"] = new(6, 1),
        ["iommufd"] = new(6, 7),
        ["type1"] = new(5, 8),
    };

    /// <summary>The verdicts.</summary>
    public static IReadOnlyList<ProviderFinding> Judge(HostFindings host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return
        [
            OfInterface(host, "kvm-log", host.Kvm.LogProblem, "the writes of vCPUs"),
            OfInterface(host, "kvm-ring", host.Kvm.RingProblem, $"the writes of vCPUs, by rings of up to {host.Kvm.MaxRingEntries} entries"),
            OfInterface(host, "process", host.Userfault.Problem ?? host.Userfault.ScanProblem, "the writes of the machine's own process, where its vCPUs are host threads"),
            OfVfioDevice(host),
            OfIommufd(host),
            OfType1(host),
            new("all", ProviderStatus.Can, "anything: every mapped page is dirty, always", AllPages(), []),
        ];
    }

    /// <summary>A verdict that hangs on one obstacle alone.</summary>
    /// <param name="host">The host.</param>
    /// <param name="name">The provider.</param>
    /// <param name="obstacle">What stands in its way; null where nothing does.</param>
    /// <param name="what">What it can track here.</param>
    public static ProviderFinding OfInterface(HostFindings host, string name, Obstacle? obstacle, string what) => obstacle is null
        ? new(name, ProviderStatus.Can, what, SmallPages, [])
        : new(name, ProviderFinding.StatusOf(obstacle), obstacle.ToString(), [], Remarks(host, name));

    /// <summary>A verdict that hangs on devices, groups or sockets, of which one is enough.</summary>
    /// <param name="host">The host.</param>
    /// <param name="name">The provider.</param>
    /// <param name="asked">Each with what stands in its way, or what is said of it where nothing does; at least one.</param>
    /// <param name="what">What it can track here.</param>
    /// <param name="sizes">The page sizes of all together.</param>
    public static ProviderFinding Combine(
        HostFindings host, string name, IReadOnlyList<(string Name, Obstacle? Obstacle, string Can)> asked, string what, IReadOnlyList<PageSize> sizes)
    {
        ArgumentNullException.ThrowIfNull(asked);
        string[] details = [.. asked.Select(each => $"{each.Name}: {each.Obstacle?.ToString() ?? each.Can}")];
        if (asked.Any(each => each.Obstacle is null))
        {
            return new(name, ProviderStatus.Can, what, sizes, details);
        }

        // What is not known weighs more than what can't be: the one that could may be among them.
        var worst = asked.Select(each => each.Obstacle!).OrderBy(each => ProviderFinding.StatusOf(each) switch
        {
            ProviderStatus.NotPermitted => 0,
            ProviderStatus.Unknown => 1,
            _ => 2,
        }).First();
        return OfInterface(host, name, worst, what) with { Details = [.. details, .. Remarks(host, name)] };
    }

    private static ProviderFinding OfVfioDevice(HostFindings host)
    {
        var asked = VfioDevices(host).Select(device => (device.Name, Obstacle: device.Problem ?? device.LogProblem, Can: $"logs its DMA at {Sizes(device.LogPageSizes)}")).ToList();
        var sizes = host.Devices.SelectMany(device => device.LogPageSizes).Distinct().Order().ToList();
        const string What = "the DMA of devices that log it";
        return NoDevice(host) is { } none ? OfInterface(host, "vfio-device", none, What) : Combine(host, "vfio-device", asked, What, sizes);
    }

    private static ProviderFinding OfIommufd(HostFindings host)
    {
        var asked = VfioDevices(host).Select(device => (
            device.Name,
            Obstacle: device.IommuTracks == true ? null : device.IommuProblem ?? FindSettled(host, device) ?? device.Problem,
            Can: $"its IOMMU{(device.Iommu is null ? "" : $" {device.Iommu}")} sets dirty bits")).ToList();
        const string What = "the DMA of devices behind an IOMMU with dirty bits";
        var finding = (host.IommufdProblem ?? NoDevice(host)) is { } none ? OfInterface(host, "iommufd", none, What) : Combine(host, "iommufd", asked, What, SmallPages);
        return finding with { Details = [.. finding.Details, .. host.Iommus.Where(iommu => iommu.Devices > 0).Select(iommu => $"{iommu.Name}: {iommu.Evidence}")] };
    }

    /// <summary>What sysfs alone says of the IOMMU before a device that could not be asked, where that settles it.</summary>
    private static Obstacle? FindSettled(HostFindings host, DeviceFinding device) =>
        device.Bus == "mdev" ? new(ObstacleKind.Missing, "a mediated device has no IOMMU of its own")
        : host.Iommus.FirstOrDefault(iommu => iommu.Name == device.Iommu) is { HasDirtyTracking: false } iommu ? new(ObstacleKind.Missing, $"{iommu.Name}: {iommu.Evidence}")
        : null;

    private static ProviderFinding OfType1(HostFindings host)
    {
        var asked = host.Groups.Select(group => (
            Name: $"group {group.Number}", Obstacle: group.Problem ?? group.TrackingProblem, Can: $"a container with it says {Words(group.Precision)}, at {group.PageSize}")).ToList();
        var sizes = host.Groups.Where(group => group.PageSize is not null).Select(group => group.PageSize!.Value).Distinct().Order().ToList();
        const string What = "the DMA of devices in a VFIO container";
        var finding = (host.ContainerProblem ?? NoDevice(host)) is { } none ? OfInterface(host, "type1", none, What) : Combine(host, "type1", asked, What, sizes);
        return finding with { Details = host.Memory.LockProblem is { } problem ? [.. finding.Details, problem] : finding.Details };
    }

    private static IEnumerable<DeviceFinding> VfioDevices(HostFindings host) => host.Devices.Where(device => device.IsVfio);

    private static Obstacle? NoDevice(HostFindings host) => VfioDevices(host).Any() ? null
        : host.Unread.FirstOrDefault(each => each.Reason.StartsWith("/sys/bus/", StringComparison.Ordinal) || each.Reason.StartsWith("/sys/class/vfio-dev", StringComparison.Ordinal))
        ?? host.IommuProblem
        ?? new(ObstacleKind.Missing, host.MdevTypes is [var type, ..]
            ? $"{NoVfio}, or make a mediated device: uuidgen > /sys/class/mdev_bus/{type.Parent}/mdev_supported_types/{type.Type}/create"
            : NoVfio);

    private static IReadOnlyList<PageSize> AllPages()
    {
        using var all = new AllTracker();
        return all.Coverage.PageSizes;
    }

    private static string[] Remarks(HostFindings host, string name) =>
        FirstVersions.TryGetValue(name, out var first) && host.Kernel.Version < first ? [$"Linux {first} or later is needed; this is {host.Kernel.Release}"] : [];

    private static string Sizes(IReadOnlyList<PageSize> sizes) => string.Join(", ", sizes);

    private static string Words(TrackingPrecision? precision) => precision switch
    {
        TrackingPrecision.Exact => "exact",
        TrackingPrecision.PinnedForWrite => "pinned for write",
        _ => "all mapped",
    };
}

using System.Globalization;
using Ferry.Cli.Documents;
using Ferry.Cli.Hosting;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking.Probing;
using Ferry.VfioUser.Probing;

namespace Ferry.Cli.Probing;

/// <summary>What a probe found, as it is printed.</summary>
internal static class ProbeMapping
{
    /// <summary>The document.</summary>
    public static ProbeDocument ToDocument(HostFindings host, IReadOnlyList<VfioUserFinding> sockets) => new(
        ProbeDocument.CurrentVersion,
        new(host.Kernel.Release, host.Kernel.BootOptions),
        new(host.Processor.Model, host.Processor.Virtualization, Bytes(host.Processor.PageSizes)),
        OfMemory(host.Memory),
        new(Of(host.Kvm.Problem), Of(host.Kvm.LogProblem), Of(host.Kvm.RingProblem), host.Kvm.MaxRingEntries, host.Kvm.HasOrderedRings, host.Kvm.MemorySlots),
        OfUserfault(host.Userfault),
        [.. host.Iommus.Select(iommu => new ProbeIommuDocument(iommu.Name, iommu.Kind, iommu.Devices, iommu.HasDirtyTracking, iommu.Evidence))],
        Of(host.IommuProblem), Of(host.IommufdProblem), Of(host.ContainerProblem),
        [.. host.Groups.Select(OfGroup)],
        [.. host.Devices.Select(OfDevice)],
        [.. host.MdevTypes.Select(type => new ProbeMdevTypeDocument(type.Parent, type.Type, type.Label, type.Api, type.Available))],
        [.. sockets.Select(OfSocket)],
        [.. AllVerdicts.Judge(host, sockets).Select(provider => new ProbeProviderDocument(
            provider.Name, NameOf(provider.Status), provider.Reason, Bytes(provider.PageSizes), provider.Details))],
        [.. host.Unread.Select(each => Of(each)!)]);

    private static ProbeMemoryDocument OfMemory(MemoryFinding memory) => new(
        memory.TotalBytes, memory.LockLimitBytes, memory.IgnoresLockLimit, memory.LockProblem,
        [.. memory.HugePages.Select(pages => new ProbeHugePagesDocument(pages.Size.Bytes, pages.Total, pages.Free, pages.Problem))], memory.SharedHugePages);

    private static ProbeUserfaultDocument OfUserfault(UserfaultFinding found) => new(
        Of(found.Problem), found.WriteProtectsShared, found.WriteProtectsAsynchronously, Of(found.ScanProblem), Of(found.FaultProblem), found.ByCall, Of(found.FileProblem),
        found.UnprivilegedSetting);

    private static ProbeGroupDocument OfGroup(GroupFinding group) => new(
        group.Number, group.Devices, group.Foreign, Of(group.Problem), Of(group.TrackingProblem), group.PageSize?.Bytes,
        group.Precision is { } precision ? DocumentMapping.NameOf(precision) : null);

    private static ProbeDeviceDocument OfDevice(DeviceFinding device) => new(
        device.Name, device.Bus, device.Identity, device.PciClass?.ToString("x6", CultureInfo.InvariantCulture), device.Driver, device.IsVfio, device.Group, device.Iommu,
        device.File, device.OpenedBy, Of(device.Problem), NamesOf(device.Migration), Of(device.LogProblem), Bytes(device.LogPageSizes), device.IommuTracks, Of(device.IommuProblem));

    private static ProbeSocketDocument OfSocket(VfioUserFinding device) => new(
        device.Socket, Of(device.Problem), device.Version?.ToString(), device.Capabilities?.MaxDataTransferBytes, device.Capabilities?.MaxDmaMaps, NamesOf(device.Migration),
        Of(device.LogProblem), Bytes(device.LogPageSizes), device.LogMaxRanges, device.LogPrecision is { } precision ? DocumentMapping.NameOf(precision) : null,
        Of(device.ScanProblem), Of(device.FaultProblem));

    private static ObstacleDocument? Of(Obstacle? obstacle) => obstacle is null ? null : new(NameOf(obstacle.Kind), obstacle.Reason);

    private static ulong[] Bytes(IReadOnlyList<PageSize> sizes) => [.. sizes.Select(size => size.Bytes)];

    private static string[]? NamesOf(VfioMigrationFlags? flags) =>
        flags is { } has ? [.. VfioMigrationNames.All(has)] : null;

    private static string NameOf(ProviderStatus status) => status switch
    {
        ProviderStatus.Can => ProbeNames.Can,
        ProviderStatus.Cannot => ProbeNames.Cannot,
        ProviderStatus.NotPermitted => ProbeNames.NotPermitted,
        _ => ProbeNames.Unknown,
    };

    private static string NameOf(ObstacleKind kind) => kind switch
    {
        ObstacleKind.Missing => ProbeNames.Missing,
        ObstacleKind.NotPermitted => ProbeNames.NotPermitted,
        ObstacleKind.InUse => ProbeNames.InUse,
        ObstacleKind.NotTried => ProbeNames.NotTried,
        _ => ProbeNames.Failed,
    };
}

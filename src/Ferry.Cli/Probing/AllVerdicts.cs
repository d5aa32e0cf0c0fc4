using Ferry.Linux.Userfault;
using Ferry.Memory;
using Ferry.Tracking.Probing;
using Ferry.VfioUser.Probing;
using Ferry.VfioUser.Tracking;

namespace Ferry.Cli.Probing;

/// <summary>The verdicts on all providers: those of the host, and those that depend on vfio-user devices.</summary>
internal static class AllVerdicts
{
    private const string NotNamed = "that is the device's to say: --socket PATH asks one";

    /// <summary>The verdicts, in the order of docs/trackers.md.</summary>
    public static IReadOnlyList<ProviderFinding> Judge(HostFindings host, IReadOnlyList<VfioUserFinding> sockets)
    {
        var ofHost = ProviderVerdicts.Judge(host);
        // After those of vCPUs come those of vfio-user devices.
        const int OfVcpus = 3;
        return
        [
            .. ofHost.Take(OfVcpus),
            new(MediatedTracker.TrackerName, ProviderStatus.Can, "the DMA of vfio-user devices that have dma = \"mediated\" in the machine's file", SmallToLarge(), []),
            OfDevice(host, sockets),
            OfTable(host, sockets, IoTableTracker.TrackerName, host.Userfault.Problem ?? host.Userfault.ScanProblem, socket => socket.ScanProblem),
            OfTable(host, sockets, IoTableTracker.FaultsName, host.Userfault.Problem ?? host.Userfault.FaultProblem, socket => socket.FaultProblem),
            .. ofHost.Skip(OfVcpus),
        ];
    }

    private static ProviderFinding OfDevice(HostFindings host, IReadOnlyList<VfioUserFinding> sockets)
    {
        const string What = "the DMA of vfio-user devices that log it";
        return sockets.Count == 0
            ? new(DeviceTracker.TrackerName, ProviderStatus.Unknown, $"{What}: {NotNamed}", [], [])
            : ProviderVerdicts.Combine(
                host, DeviceTracker.TrackerName, [.. Asked(sockets).Select(socket => (socket.Socket, socket.Or(socket.LogProblem), $"logs its DMA at {string.Join(", ", socket.LogPageSizes)}"))],
                What, [.. sockets.SelectMany(socket => socket.LogPageSizes).Distinct().Order()]);
    }

    private static ProviderFinding OfTable(HostFindings host, IReadOnlyList<VfioUserFinding> sockets, string name, Obstacle? obstacle, Func<VfioUserFinding, Obstacle?> problemOf)
    {
        const string What = "the DMA of vfio-user devices that share their process's page table";
        if (sockets.Count > 0 && (obstacle is null || name == IoTableTracker.FaultsName))
        {
            // For faults it is the device's process that has to be permitted, not this one.
            return ProviderVerdicts.Combine(host, name, [.. Asked(sockets).Select(socket => (socket.Socket, socket.Or(problemOf(socket)), "shares it"))], What, [PageSize.Size4K]);
        }

        return obstacle is not null
            ? ProviderVerdicts.OfInterface(host, name, obstacle, What) with
            {
                Details = obstacle.Kind == ObstacleKind.NotPermitted ? [$"it is the device's process that needs {UserfaultAbilities.HoldingNeeds}; this one lacks it"] : [],
            }
            : new(name, ProviderStatus.Unknown, $"{What}; this kernel can, and {NotNamed}", [PageSize.Size4K], []);
    }

    // What could not be asked is told with the sockets; here only where there is nothing else.
    private static IEnumerable<VfioUserFinding> Asked(IReadOnlyList<VfioUserFinding> sockets) =>
        sockets.Any(socket => socket.Problem is null) ? sockets.Where(socket => socket.Problem is null) : sockets;

    private static PageSize[] SmallToLarge() =>
        [.. Enumerable.Range(PageSize.Size4K.Shift, PageSize.Size2M.Shift - PageSize.Size4K.Shift + 1).Select(shift => new PageSize(1UL << shift))];
}

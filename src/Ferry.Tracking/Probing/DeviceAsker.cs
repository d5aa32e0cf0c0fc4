using Ferry.Linux;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Probing;

/// <summary>Asks VFIO devices what they can do: those that nobody uses, one after the other, each open only as long as it is asked.</summary>
internal sealed class DeviceAsker(IHostFiles files, IProbeCalls calls, ProbeOptions options)
{
    private const int Eperm = 1;
    private const int Ebusy = 16;
    private const int Einval = 22;
    private const string VfioFileRemedy = "a kernel with CONFIG_VFIO_DEVICE_CDEV (Linux 6.6) or CONFIG_VFIO_GROUP is needed";

    /// <summary>Gives the devices with what they said, and their groups.</summary>
    public IReadOnlyList<DeviceFinding> Ask(IReadOnlyList<DeviceFinding> devices, out IReadOnlyList<GroupFinding> groups)
    {
        var found = devices.Where(device => device is { IsVfio: true, Group: not null }).Select(device => device.Group!.Value).Distinct().Order()
            .Select(AskGroup).ToDictionary(group => group.Number);
        groups = [.. found.Values];
        return [.. devices.Select(device => device.IsVfio ? AskDevice(device, device.Group is { } number ? found[number] : null) : device)];
    }

    /// <summary>What a refused binding to an iommufd means: the kernel names all of it by numbers that mean something else as well.</summary>
    public static Obstacle ExplainBind(KernelCallException e) => e.Errno is Ebusy or Einval or Eperm
        ? new(ObstacleKind.InUse, $"{e.Message}: another process has the device or one of its IOMMU group, or the kernel uses one of the group")
        : Obstacle.Of(e);

    private GroupFinding AskGroup(int number)
    {
        var foreign = DeviceScan.FindForeign(files, number, out var members);
        if (!options.Try)
        {
            return new(number, members, foreign, NotTried(), NotTried(), null, null);
        }

        var problem = InterfaceScan.Guard(() => calls.FindGroupObstacle(number));
        if (problem is { Kind: ObstacleKind.Failed } && foreign.Count > 0)
        {
            problem = problem with { Reason = $"{problem.Reason} {string.Join(", ", foreign)}." };
        }

        if (problem is { Kind: ObstacleKind.Missing } && files.Exists($"/dev/vfio/noiommu-{number}"))
        {
            problem = problem with { Reason = $"/dev/vfio/noiommu-{number} stands for no IOMMU at all: nothing would keep the device from memory that is not the guest's. Give the host an IOMMU" };
        }

        if (problem is not null)
        {
            return new(number, members, foreign, problem, problem, null, null);
        }

        var tracking = default(Type1Tracking);
        var tracked = InterfaceScan.Guard(() => (tracking = calls.TryContainer(number)).Problem);
        return new(number, members, foreign, null, tracked, tracking.PageSize, tracking.Precision);
    }

    private DeviceFinding AskDevice(DeviceFinding device, GroupFinding? group)
    {
        if (!options.Try)
        {
            return device with { Problem = NotTried() };
        }

        // Whoever has the group has its devices, and one that is not viable gives none, by whatever way.
        if (group?.Problem is { Kind: ObstacleKind.InUse or ObstacleKind.Failed } problem)
        {
            return device with { Problem = problem };
        }

        var obstacle = group?.Problem;
        if (device.File is { } path && TryOpen(() => calls.OpenByFile(path, out obstacle), ref obstacle) is { } byFile)
        {
            return AskOpen(device with { OpenedBy = "file" }, byFile);
        }

        var ofFile = obstacle;
        if (group is { Problem: null } && obstacle?.Kind != ObstacleKind.InUse
            && TryOpen(() => calls.OpenByGroup(group.Number, device.Name, out obstacle), ref obstacle) is { } byGroup)
        {
            var asked = AskOpen(device with { OpenedBy = "group" }, byGroup);
            return ofFile is null ? asked : asked with { IommuProblem = ofFile };
        }

        return device with
        {
            Problem = obstacle ?? new(ObstacleKind.Missing, $"{device.Name} has neither a file of its own nor an IOMMU group: {VfioFileRemedy}"),
        };
    }

    private static IProbedDevice? TryOpen(Func<IProbedDevice?> open, ref Obstacle? obstacle)
    {
        try
        {
            return open();
        }
        catch (KernelCallException e)
        {
            obstacle = Obstacle.Of(e);
            return null;
        }
    }

    private static DeviceFinding AskOpen(DeviceFinding device, IProbedDevice opened)
    {
        using (opened)
        {
            try
            {
                var migration = opened.GetMigrationFlags();
                var hasSizes = VfioDeviceTracker.TryFindPageSizes(opened.Log, opened.HasDmaLog(), out var sizes, out var reason);
                var iommu = opened.FindIommuObstacle();
                return device with
                {
                    Problem = null,
                    Migration = migration,
                    LogPageSizes = sizes,
                    LogProblem = hasSizes ? null : new(ObstacleKind.Missing, reason!),
                    IommuTracks = device.OpenedBy == "file" ? iommu is null : null,
                    IommuProblem = iommu is null ? null : new(ObstacleKind.Missing, iommu),
                };
            }
            catch (KernelCallException e)
            {
                return device with { Problem = Obstacle.Of(e) };
            }
        }
    }

    private static Obstacle NotTried() => new(ObstacleKind.NotTried, "devices were to be left alone; what they can do is only known by opening them, which resets them");
}

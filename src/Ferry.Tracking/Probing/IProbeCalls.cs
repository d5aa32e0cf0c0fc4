using Ferry.Linux.Userfault;

namespace Ferry.Tracking.Probing;

/// <summary>What a probe asks of the kernel, so that a test can refuse any of it. Every call may throw a <see cref="Linux.KernelCallException"/>.</summary>
internal interface IProbeCalls
{
    /// <summary>What this process may lock, in bytes; null where there is no limit.</summary>
    ulong? LockLimitBytes { get; }

    /// <summary>Opens KVM, or gives the obstacle.</summary>
    IProbedKvm? OpenKvm(out Obstacle? obstacle);

    /// <summary>What userfaultfd can do, or the obstacle.</summary>
    UserfaultAbilities? ReadUserfault(out Obstacle? obstacle);

    /// <summary>Writes one of two pages and looks whether a scan finds that; gives what is wrong, or null.</summary>
    Obstacle? TryScan();

    /// <summary>Why /dev/iommu can't be used, or null.</summary>
    Obstacle? FindIommufdObstacle();

    /// <summary>Why /dev/vfio/vfio can't be used, or null.</summary>
    Obstacle? FindContainerObstacle();

    /// <summary>Opens a group and closes it again, which nobody notices; gives the obstacle, or null.</summary>
    Obstacle? FindGroupObstacle(int group);

    /// <summary>Puts a group into a container of its own with two pages mapped, and asks how the container tracks; no device is opened.</summary>
    Type1Tracking TryContainer(int group);

    /// <summary>Opens a device by its own file and binds it, or gives the obstacle.</summary>
    IProbedDevice? OpenByFile(string path, out Obstacle? obstacle);

    /// <summary>Opens a device by its group and a container, or gives the obstacle.</summary>
    IProbedDevice? OpenByGroup(int group, string name, out Obstacle? obstacle);
}

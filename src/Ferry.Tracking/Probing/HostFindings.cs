namespace Ferry.Tracking.Probing;

/// <summary>What a probe found on this host.</summary>
public sealed record HostFindings
{
    /// <summary>The kernel.</summary>
    public required KernelFinding Kernel { get; init; }

    /// <summary>The processor.</summary>
    public required ProcessorFinding Processor { get; init; }

    /// <summary>Memory.</summary>
    public required MemoryFinding Memory { get; init; }

    /// <summary>KVM.</summary>
    public required KvmFinding Kvm { get; init; }

    /// <summary>Page tables of processes.</summary>
    public required UserfaultFinding Userfault { get; init; }

    /// <summary>The IOMMUs that the kernel uses.</summary>
    public required IReadOnlyList<IommuFinding> Iommus { get; init; }

    /// <summary>Why there is none, and what would help; null where there is one.</summary>
    public required Obstacle? IommuProblem { get; init; }

    /// <summary>Why iommufd can't be used; null where it can.</summary>
    public required Obstacle? IommufdProblem { get; init; }

    /// <summary>Why there can be no VFIO container; null where there can.</summary>
    public required Obstacle? ContainerProblem { get; init; }

    /// <summary>Devices that a VFIO driver has, then PCI devices that one could have.</summary>
    public required IReadOnlyList<DeviceFinding> Devices { get; init; }

    /// <summary>The groups of the former.</summary>
    public required IReadOnlyList<GroupFinding> Groups { get; init; }

    /// <summary>Mediated devices that can be made.</summary>
    public required IReadOnlyList<MdevTypeFinding> MdevTypes { get; init; }

    /// <summary>What of /sys and /proc this user may not read, or could not be read.</summary>
    public required IReadOnlyList<Obstacle> Unread { get; init; }
}

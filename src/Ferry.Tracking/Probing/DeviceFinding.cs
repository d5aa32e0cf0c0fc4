using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Tracking.Probing;

/// <summary>A device that a VFIO driver has, or a PCI device that one could have.</summary>
public sealed record DeviceFinding
{
    /// <summary>As in sysfs: <c>0000:01:00.0</c>, or the UUID of a mediated device.</summary>
    public required string Name { get; init; }

    /// <summary><c>pci</c>, <c>mdev</c>, or the subsystem's name.</summary>
    public required string Bus { get; init; }

    /// <summary>Vendor and device, <c>8086:10ed</c>, or the type of a mediated device, <c>mtty-1</c>; null where it has neither.</summary>
    public string? Identity { get; init; }

    /// <summary>The PCI class, 24 bits; null for others.</summary>
    public uint? PciClass { get; init; }

    /// <summary>The driver that has it; null where none has.</summary>
    public string? Driver { get; init; }

    /// <summary>Whether that is a VFIO driver.</summary>
    public bool IsVfio { get; init; }

    /// <summary>Its IOMMU group; null where there is no IOMMU before it.</summary>
    public int? Group { get; init; }

    /// <summary>The IOMMU before it, as in <see cref="IommuFinding.Name"/>.</summary>
    public string? Iommu { get; init; }

    /// <summary>Its own file; null where it has none, and is opened by its group.</summary>
    public string? File { get; init; }

    /// <summary>By what it was opened: <c>file</c> or <c>group</c>; null where it was not.</summary>
    public string? OpenedBy { get; init; }

    /// <summary>Why it can't be used or was not asked, and what would help; null where it was asked.</summary>
    public Obstacle? Problem { get; init; }

    /// <summary>What migration it supports; null where it was not asked.</summary>
    public VfioMigrationFlags? Migration { get; init; }

    /// <summary>Why it can't be tracked by its own DMA log; null where it can or was not asked.</summary>
    public Obstacle? LogProblem { get; init; }

    /// <summary>The page sizes that it logs its DMA at.</summary>
    public IReadOnlyList<PageSize> LogPageSizes { get; init; } = [];

    /// <summary>Whether the IOMMU of this device sets dirty bits, as iommufd says; null where it was not asked.</summary>
    public bool? IommuTracks { get; init; }

    /// <summary>Why it can't be tracked by its IOMMU's dirty bits.</summary>
    public Obstacle? IommuProblem { get; init; }
}

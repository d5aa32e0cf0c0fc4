namespace Ferry.Cli.Documents;

/// <summary>A device that a VFIO driver has, or a PCI device that one could have.</summary>
/// <param name="Name">As in sysfs.</param>
/// <param name="Bus"><c>pci</c>, <c>mdev</c> or another.</param>
/// <param name="Identity">Vendor and device, or the type of a mediated device; null where it has neither.</param>
/// <param name="PciClass">The PCI class, six hexadecimal digits; null for others.</param>
/// <param name="Driver">The driver that has it; null where none has.</param>
/// <param name="Vfio">Whether that is a VFIO driver.</param>
/// <param name="Group">Its IOMMU group; null where it has none.</param>
/// <param name="Iommu">The IOMMU before it; null where there is none.</param>
/// <param name="File">Its own file; null where it has none.</param>
/// <param name="OpenedBy"><c>file</c> or <c>group</c>; null where it was not opened.</param>
/// <param name="Problem">Why it can't be used or was not asked; null where it was.</param>
/// <param name="Migration"><c>STOP_COPY</c>, <c>P2P</c>, <c>PRE_COPY</c>, those that it has; null where it was not asked.</param>
/// <param name="LogProblem">Why its own DMA log can't be used; null where it can or was not asked.</param>
/// <param name="LogPageSizes">The page sizes of its DMA log, in bytes, ascending.</param>
/// <param name="IommuTracks">Whether its IOMMU has dirty bits, as iommufd says; null where it was not asked.</param>
/// <param name="IommuProblem">Why these can't be used; null where they can or were not asked for.</param>
internal sealed record ProbeDeviceDocument(
    string Name, string Bus, string? Identity, string? PciClass, string? Driver, bool Vfio, int? Group, string? Iommu, string? File, string? OpenedBy,
    ObstacleDocument? Problem, IReadOnlyList<string>? Migration, ObstacleDocument? LogProblem, IReadOnlyList<ulong> LogPageSizes, bool? IommuTracks, ObstacleDocument? IommuProblem);

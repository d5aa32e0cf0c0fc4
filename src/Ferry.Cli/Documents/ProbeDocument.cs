namespace Ferry.Cli.Documents;

/// <summary>What <c>ferry probe --json</c> prints.</summary>
/// <param name="Version">The version of the document.</param>
/// <param name="Kernel">The kernel.</param>
/// <param name="Processor">The processor.</param>
/// <param name="Memory">Memory.</param>
/// <param name="Kvm">KVM.</param>
/// <param name="Userfault">Page tables of processes.</param>
/// <param name="Iommus">The IOMMUs that the kernel uses.</param>
/// <param name="IommuProblem">Why there is none; null where there is one.</param>
/// <param name="IommufdProblem">Why iommufd can't be used; null where it can.</param>
/// <param name="ContainerProblem">Why there can be no VFIO container; null where there can.</param>
/// <param name="Groups">The IOMMU groups of devices that a VFIO driver has.</param>
/// <param name="Devices">Devices that a VFIO driver has, then PCI devices that one could have.</param>
/// <param name="MdevTypes">Mediated devices that can be made.</param>
/// <param name="Sockets">The vfio-user devices that were named.</param>
/// <param name="Providers">Every provider of dirty tracking.</param>
/// <param name="Unread">What of /sys and /proc could not be read.</param>
internal sealed record ProbeDocument(
    int Version, ProbeKernelDocument Kernel, ProbeProcessorDocument Processor, ProbeMemoryDocument Memory, ProbeKvmDocument Kvm, ProbeUserfaultDocument Userfault,
    IReadOnlyList<ProbeIommuDocument> Iommus, ObstacleDocument? IommuProblem, ObstacleDocument? IommufdProblem, ObstacleDocument? ContainerProblem,
    IReadOnlyList<ProbeGroupDocument> Groups, IReadOnlyList<ProbeDeviceDocument> Devices, IReadOnlyList<ProbeMdevTypeDocument> MdevTypes,
    IReadOnlyList<ProbeSocketDocument> Sockets, IReadOnlyList<ProbeProviderDocument> Providers, IReadOnlyList<ObstacleDocument> Unread)
{
    /// <summary>The version of documents that this program writes.</summary>
    public const int CurrentVersion = 1;
}

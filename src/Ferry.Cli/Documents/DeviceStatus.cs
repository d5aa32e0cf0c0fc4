namespace Ferry.Cli.Documents;

/// <summary>A device as <c>status</c> shows it.</summary>
/// <param name="Id">The name in the machine file.</param>
/// <param name="Kind">The model.</param>
/// <param name="State">Its VFIO migration state.</param>
/// <param name="Fault">Whether the device itself says that something is wrong with it; null where the machine doesn't run, or it can't be asked.</param>
/// <param name="Iommu">What its virtual IOMMU does; null where it is behind none.</param>
/// <param name="Kernel">What it is to the machine where it is a device of the kernel's; null for a vfio-user device.</param>
internal sealed record DeviceStatus(string Id, string Kind, string State, bool? Fault, IommuStatus? Iommu, KernelStatus? Kernel = null);

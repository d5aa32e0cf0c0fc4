namespace Ferry.Lab;

/// <summary>A machine of the lab, as <c>lab/run</c> starts it.</summary>
internal enum LabMachine
{
    /// <summary>Its devices are behind the emulated IOMMU.</summary>
    Iommu,

    /// <summary>It uses no IOMMU. Beside another IOMMU, Linux 6.12 gives the kernel's mock IOMMU no device.</summary>
    Plain,
}

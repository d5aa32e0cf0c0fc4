namespace Ferry.Lab;

/// <summary>A machine of the lab, as <c>lab/run</c> starts it.</summary>
internal enum LabMachine
{
    /// <summary>Its devices are behind the emulated IOMMU.</summary>
    Iommu,

    /// <summary>It uses no IOMMU. Linux before 6.15 takes the kernel's mock IOMMU for none beside another.</summary>
    Plain,
}

namespace Ferry.Machine;

/// <summary>By which file a kernel device is opened.</summary>
public enum VfioOpening
{
    /// <summary>By that of its IOMMU group, the older way.</summary>
    Group,

    /// <summary>By its own, since Linux 6.6.</summary>
    Cdev,
}

namespace Ferry.Machine;

/// <summary>A kind of address space of kernel devices.</summary>
public enum VfioSpace
{
    /// <summary>A container of VFIO, type1.</summary>
    Container,

    /// <summary>An address space (IOAS) of iommufd.</summary>
    Ioas,
}

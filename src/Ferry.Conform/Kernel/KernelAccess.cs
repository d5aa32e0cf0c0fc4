namespace Ferry.Conform.Kernel;

/// <summary>By which files of VFIO a device is opened, and what holds its address space.</summary>
public enum KernelAccess
{
    /// <summary>By its own file where the kernel gives it one and has iommufd, else by its group.</summary>
    Auto,

    /// <summary>By its own file, and an address space of iommufd.</summary>
    DeviceFile,

    /// <summary>By its group, and a type1 container.</summary>
    Group,

    /// <summary>By its group, and iommufd in place of the container.</summary>
    GroupIommufd,
}

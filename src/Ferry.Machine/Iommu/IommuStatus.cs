namespace Ferry.Machine.Iommu;

/// <summary>How the last command of a virtual IOMMU ended, as its status register says.</summary>
internal enum IommuStatus : uint
{
    /// <summary>It was done: the device can use the mapping, or can't use it any more.</summary>
    Done = 0,

    /// <summary>There is no such command, or it is for no page.</summary>
    BadCommand = 1,

    /// <summary>The addresses don't lie in the aperture.</summary>
    OutsideAperture = 2,

    /// <summary>The pages are not all in one piece of guest memory.</summary>
    NotMemory = 3,

    /// <summary>Some of the addresses are mapped, or there are as many mappings as there can be.</summary>
    Taken = 4,

    /// <summary>No mapping is exactly that.</summary>
    NoMapping = 5,

    /// <summary>The device refused or did not answer.</summary>
    DeviceFailed = 6,
}

namespace Ferry.VfioUser.Client;

/// <summary>What GET_INFO says. Source: linux/vfio.h, struct vfio_device_info.</summary>
/// <param name="RegionCount">The number of region indexes.</param>
/// <param name="InterruptIndexCount">The number of interrupt indexes.</param>
/// <param name="CanReset">Whether RESET is supported.</param>
/// <param name="IsPci">Whether it is a PCI device.</param>
public sealed record VfioUserDeviceInfo(int RegionCount, int InterruptIndexCount, bool CanReset, bool IsPci);

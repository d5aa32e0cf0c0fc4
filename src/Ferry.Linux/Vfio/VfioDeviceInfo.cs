namespace Ferry.Linux.Vfio;

/// <summary>What a device is. Source: linux/vfio.h, struct vfio_device_info.</summary>
/// <param name="CanReset">Whether it can be reset.</param>
/// <param name="IsPci">Whether its regions and interrupts are those of a PCI device.</param>
/// <param name="RegionCount">The highest region index plus one.</param>
/// <param name="InterruptCount">The highest interrupt index plus one.</param>
public sealed record VfioDeviceInfo(bool CanReset, bool IsPci, uint RegionCount, uint InterruptCount);

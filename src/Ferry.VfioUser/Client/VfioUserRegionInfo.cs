namespace Ferry.VfioUser.Client;

/// <summary>What GET_REGION_INFO says. Source: linux/vfio.h, struct vfio_region_info.</summary>
/// <param name="SizeBytes">The size; 0 where the device has no such region.</param>
/// <param name="Readable">Whether it can be read.</param>
/// <param name="Writable">Whether it can be written.</param>
/// <param name="MappableAreas">What can be mapped, within the region; empty where nothing can.</param>
public sealed record VfioUserRegionInfo(
    ulong SizeBytes,
    bool Readable,
    bool Writable,
    IReadOnlyList<(ulong OffsetBytes, ulong SizeBytes)> MappableAreas);

namespace Ferry.Linux.Vfio;

/// <summary>How much state pre-copy still has to give. Source: linux/vfio.h, VFIO_MIG_GET_PRECOPY_INFO.</summary>
/// <param name="InitialBytes">What was there at the start and was not read yet; best read before the device stops.</param>
/// <param name="DirtyBytes">What changed since it was read.</param>
public readonly record struct VfioPreCopyInfo(ulong InitialBytes, ulong DirtyBytes);

using Microsoft.Win32.SafeHandles;

namespace Ferry.VfioUser;

/// <summary>A region of a device. Source: linux/vfio.h, struct vfio_region_info and its sparse mmap capability.</summary>
/// <param name="SizeBytes">The size; 0 where the device has no such region.</param>
/// <param name="Readable">Whether REGION_READ is allowed.</param>
/// <param name="Writable">Whether REGION_WRITE is allowed.</param>
/// <param name="File">What the mappable areas are mapped from, or null.</param>
/// <param name="FileOffsetBytes">The offset of the region's first byte in <paramref name="File"/>.</param>
/// <param name="MappableAreas">The areas of the region that may be mapped; empty with a <paramref name="File"/> means all of it.</param>
public sealed record VfioUserRegion(
    ulong SizeBytes,
    bool Readable,
    bool Writable,
    SafeFileHandle? File,
    ulong FileOffsetBytes,
    IReadOnlyList<(ulong OffsetBytes, ulong SizeBytes)> MappableAreas);

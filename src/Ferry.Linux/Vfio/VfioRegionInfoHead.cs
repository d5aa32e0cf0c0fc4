using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>Where a region of a device is, followed by capabilities. Source: linux/vfio.h, struct vfio_region_info.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
[KernelStruct("vfio_region_info")]
internal struct VfioRegionInfoHead
{
    internal uint Argsz, Flags, Index, CapOffset;
    internal ulong Size, Offset;
}

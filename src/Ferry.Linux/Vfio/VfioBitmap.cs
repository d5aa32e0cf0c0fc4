using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>Where dirty pages are put. Source: linux/vfio.h, struct vfio_bitmap.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
[KernelStruct("vfio_bitmap")]
internal struct VfioBitmap
{
    internal ulong Pgsize, Size;
    internal nint Data;
}

using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>How many bytes pre-copy still has. Source: linux/vfio.h, struct vfio_precopy_info.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
[KernelStruct("vfio_precopy_info")]
internal struct VfioPreCopyInfoData
{
    internal uint Argsz, Flags;
    internal ulong InitialBytes, DirtyBytes;
}

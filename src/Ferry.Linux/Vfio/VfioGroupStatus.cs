using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>Whether a group can be used. Source: linux/vfio.h, struct vfio_group_status.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
[KernelStruct("vfio_group_status")]
internal struct VfioGroupStatus
{
    internal uint Argsz, Flags;
}

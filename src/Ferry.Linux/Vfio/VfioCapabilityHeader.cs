using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>What each capability begins with. Source: linux/vfio.h, struct vfio_info_cap_header.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
[KernelStruct("vfio_info_cap_header")]
internal struct VfioCapabilityHeader
{
    internal ushort Id, Version;
    internal uint Next;
}

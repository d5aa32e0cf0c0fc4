using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>What a container can do, followed by capabilities. Source: linux/vfio.h, struct vfio_iommu_type1_info.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
[KernelStruct("vfio_iommu_type1_info")]
internal struct VfioType1InfoHead
{
    internal uint Argsz, Flags;
    internal ulong IovaPgsizes;
    internal uint CapOffset, Pad;
}

using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>A range of addresses that can be mapped; its end is inclusive. Source: linux/vfio.h, struct vfio_iova_range.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("vfio_iova_range")]
internal struct VfioIovaRangeItem
{
    internal ulong Start, End;
}

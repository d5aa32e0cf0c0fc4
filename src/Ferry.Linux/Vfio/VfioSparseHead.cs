using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>The head of the list of parts that can be mapped. Source: linux/vfio.h, struct vfio_region_info_cap_sparse_mmap.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("vfio_region_info_cap_sparse_mmap")]
internal struct VfioSparseHead
{
    internal VfioCapabilityHeader Header;
    internal uint NrAreas, Reserved;
}

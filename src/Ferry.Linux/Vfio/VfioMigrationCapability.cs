using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>What dirty tracking a container has. Source: linux/vfio.h, struct vfio_iommu_type1_info_cap_migration.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
[KernelStruct("vfio_iommu_type1_info_cap_migration")]
internal struct VfioMigrationCapability
{
    internal VfioCapabilityHeader Header;
    internal uint Flags;
    internal ulong PgsizeBitmap, MaxDirtyBitmapSize;
}

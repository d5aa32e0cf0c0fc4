using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>What migration a device has. Source: linux/vfio.h, struct vfio_device_feature_migration.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
[KernelStruct("vfio_device_feature_migration")]
internal struct VfioFeatureMigration
{
    internal ulong Flags;
}

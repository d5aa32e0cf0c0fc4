using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>Which feature to get or set, followed by its data. Source: linux/vfio.h, struct vfio_device_feature.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
[KernelStruct("vfio_device_feature")]
internal struct VfioFeatureHeader
{
    internal uint Argsz, Flags;
}

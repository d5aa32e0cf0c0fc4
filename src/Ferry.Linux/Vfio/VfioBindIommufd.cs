using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>Which iommufd a device is bound to. Source: linux/vfio.h, struct vfio_device_bind_iommufd.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("vfio_device_bind_iommufd")]
internal struct VfioBindIommufd
{
    internal uint Argsz, Flags;
    internal int Iommufd;
    internal uint OutDevid;
}

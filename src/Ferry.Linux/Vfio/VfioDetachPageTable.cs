using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>That a device is to be detached. Source: linux/vfio.h, struct vfio_device_detach_iommufd_pt.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
[KernelStruct("vfio_device_detach_iommufd_pt")]
internal struct VfioDetachPageTable
{
    internal uint Argsz, Flags;
}

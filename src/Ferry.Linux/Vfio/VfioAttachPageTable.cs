using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>Which address space or page table a device is attached to. Source: linux/vfio.h, struct vfio_device_attach_iommufd_pt.</summary>
[StructLayout(LayoutKind.Sequential, Size = 12)]
[KernelStruct("vfio_device_attach_iommufd_pt")]
internal struct VfioAttachPageTable
{
    internal uint Argsz, Flags, PtId;
}

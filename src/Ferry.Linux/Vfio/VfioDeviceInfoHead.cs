using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>What a device is. Source: linux/vfio.h, struct vfio_device_info.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
[KernelStruct("vfio_device_info")]
internal struct VfioDeviceInfoHead
{
    internal uint Argsz, Flags, NumRegions, NumIrqs, CapOffset, Pad;
}

using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>How many interrupts an index has. Source: linux/vfio.h, struct vfio_irq_info.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("vfio_irq_info")]
internal struct VfioInterruptInfoHead
{
    internal uint Argsz, Flags, Index, Count;
}

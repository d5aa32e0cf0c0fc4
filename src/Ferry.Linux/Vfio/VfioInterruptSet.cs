using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>What to do with interrupts, followed by data. Source: linux/vfio.h, struct vfio_irq_set.</summary>
[StructLayout(LayoutKind.Sequential, Size = 20)]
[KernelStruct("vfio_irq_set")]
internal struct VfioInterruptSet
{
    internal uint Argsz, Flags, Index, Start, Count;
}

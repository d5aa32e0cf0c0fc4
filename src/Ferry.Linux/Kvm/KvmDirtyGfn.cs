using System.Runtime.InteropServices;

namespace Ferry.Linux.Kvm;

/// <summary>An entry of a dirty ring. Source: linux/kvm.h, struct kvm_dirty_gfn.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("kvm_dirty_gfn")]
internal struct KvmDirtyGfn
{
    internal const uint Dirty = 1;
    internal const uint Reset = 2;

    internal uint Flags, Slot;
    internal ulong Offset;
}

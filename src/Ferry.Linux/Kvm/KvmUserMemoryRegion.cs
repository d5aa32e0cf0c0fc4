using System.Runtime.InteropServices;

namespace Ferry.Linux.Kvm;

/// <summary>A memory slot. Source: linux/kvm.h, struct kvm_userspace_memory_region.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
[KernelStruct("kvm_userspace_memory_region")]
internal struct KvmUserMemoryRegion
{
    internal uint Slot, Flags;
    internal ulong GuestPhysAddr, MemorySize, UserspaceAddr;
}

using System.Runtime.InteropServices;

namespace Ferry.Linux.Kvm;

/// <summary>Where a slot's dirty bitmap goes. Source: linux/kvm.h, struct kvm_dirty_log.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("kvm_dirty_log")]
internal struct KvmDirtyLog
{
    internal uint Slot, Padding1;
    internal nint DirtyBitmap;
}

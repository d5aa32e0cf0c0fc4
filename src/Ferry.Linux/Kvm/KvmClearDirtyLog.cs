using System.Runtime.InteropServices;

namespace Ferry.Linux.Kvm;

/// <summary>Which pages of a slot to forget. Source: linux/kvm.h, struct kvm_clear_dirty_log.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
[KernelStruct("kvm_clear_dirty_log")]
internal struct KvmClearDirtyLog
{
    internal uint Slot, NumPages;
    internal ulong FirstPage;
    internal nint DirtyBitmap;
}

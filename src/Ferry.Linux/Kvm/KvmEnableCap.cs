using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ferry.Linux.Kvm;

/// <summary>A capability to enable. Source: linux/kvm.h, struct kvm_enable_cap.</summary>
[StructLayout(LayoutKind.Sequential, Size = 104)]
[KernelStruct("kvm_enable_cap")]
internal struct KvmEnableCap
{
    internal uint Cap, Flags;
    internal Arguments Args;

    [InlineArray(4)]
    internal struct Arguments
    {
        private ulong _first;
    }
}

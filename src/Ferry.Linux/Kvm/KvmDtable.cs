using System.Runtime.InteropServices;

namespace Ferry.Linux.Kvm;

/// <summary>A descriptor table register. Source: asm/kvm.h, struct kvm_dtable.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("kvm_dtable")]
public record struct KvmDtable
{
    /// <summary>The base address.</summary>
    public ulong Base;

    /// <summary>The limit in bytes.</summary>
    public ushort Limit;
}

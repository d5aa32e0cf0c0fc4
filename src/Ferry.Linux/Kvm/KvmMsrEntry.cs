using System.Runtime.InteropServices;

namespace Ferry.Linux.Kvm;

/// <summary>A model-specific register and its value. Source: asm/kvm.h, struct kvm_msr_entry.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("kvm_msr_entry")]
public record struct KvmMsrEntry
{
    /// <summary>The register's number.</summary>
    public uint Index, Reserved;

    /// <summary>The value.</summary>
    public ulong Data;
}

using System.Runtime.InteropServices;

namespace Ferry.Linux.Kvm;

/// <summary>A segment register. Source: asm/kvm.h, struct kvm_segment.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
[KernelStruct("kvm_segment")]
public record struct KvmSegment
{
    /// <summary>The base address.</summary>
    public ulong Base;

    /// <summary>The limit in bytes.</summary>
    public uint Limit;

    /// <summary>The selector.</summary>
    public ushort Selector;

    /// <summary>The descriptor's fields.</summary>
    public byte Type, Present, Dpl, Db, S, L, G, Avl, Unusable, Padding;
}

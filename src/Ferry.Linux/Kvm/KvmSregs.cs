using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ferry.Linux.Kvm;

/// <summary>Special registers. Source: asm/kvm.h, struct kvm_sregs.</summary>
[StructLayout(LayoutKind.Sequential, Size = 312)]
[KernelStruct("kvm_sregs")]
public struct KvmSregs
{
    /// <summary>The segments, in the kernel's order.</summary>
    public KvmSegment Cs, Ds, Es, Fs, Gs, Ss, Tr, Ldt;

    /// <summary>The descriptor tables.</summary>
    public KvmDtable Gdt, Idt;

    /// <summary>Control registers, EFER and the local APIC's base.</summary>
    public ulong Cr0, Cr2, Cr3, Cr4, Cr8, Efer, ApicBase;

    /// <summary>Interrupts that are pending injection, a bit each.</summary>
    public InterruptBits InterruptBitmap;

    /// <summary>256 bits.</summary>
    [InlineArray(4)]
    public struct InterruptBits
    {
        private ulong _first;
    }
}

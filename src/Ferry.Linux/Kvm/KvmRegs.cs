using System.Runtime.InteropServices;

namespace Ferry.Linux.Kvm;

/// <summary>General registers. Source: asm/kvm.h, struct kvm_regs.</summary>
[StructLayout(LayoutKind.Sequential, Size = 144)]
[KernelStruct("kvm_regs")]
public record struct KvmRegs
{
    /// <summary>Registers in the kernel's order.</summary>
    public ulong Rax, Rbx, Rcx, Rdx, Rsi, Rdi, Rsp, Rbp, R8, R9, R10, R11, R12, R13, R14, R15, Rip, Rflags;
}

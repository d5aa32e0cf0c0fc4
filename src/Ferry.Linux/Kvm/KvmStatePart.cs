namespace Ferry.Linux.Kvm;

/// <summary>A part of a vCPU's state that is read and written as it is. Source: asm/kvm.h.</summary>
public enum KvmStatePart
{
    /// <summary>struct kvm_regs.</summary>
    Regs,

    /// <summary>struct kvm_sregs.</summary>
    Sregs,

    /// <summary>struct kvm_xsave, which holds the FPU too.</summary>
    Xsave,

    /// <summary>struct kvm_xcrs.</summary>
    Xcrs,

    /// <summary>struct kvm_vcpu_events.</summary>
    Events,

    /// <summary>struct kvm_debugregs.</summary>
    DebugRegs,

    /// <summary>struct kvm_lapic_state; only with in-kernel interrupt controllers.</summary>
    Lapic,

    /// <summary>struct kvm_mp_state.</summary>
    MpState,
}

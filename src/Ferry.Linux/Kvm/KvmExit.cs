namespace Ferry.Linux.Kvm;

/// <summary>Why a vCPU left the guest. Source: linux/kvm.h, KVM_EXIT_*.</summary>
public enum KvmExit
{
    /// <summary>Hardware gave a reason that KVM doesn't know.</summary>
    Unknown = 0,

    /// <summary>An exception.</summary>
    Exception = 1,

    /// <summary>An access to an I/O port.</summary>
    Io = 2,

    /// <summary>A debug exception.</summary>
    Debug = 4,

    /// <summary>HLT.</summary>
    Halt = 5,

    /// <summary>An access to memory that no slot holds.</summary>
    Mmio = 6,

    /// <summary>A triple fault.</summary>
    Shutdown = 8,

    /// <summary>The guest could not be entered.</summary>
    FailEntry = 9,

    /// <summary>A signal, or immediate exit.</summary>
    Interrupted = 10,

    /// <summary>KVM could not go on, for instance with an instruction it can't emulate.</summary>
    InternalError = 17,

    /// <summary>The vCPU's dirty ring is full: harvest and reset it before running again.</summary>
    DirtyRingFull = 31,
}

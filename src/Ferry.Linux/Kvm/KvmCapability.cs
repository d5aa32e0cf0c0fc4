namespace Ferry.Linux.Kvm;

/// <summary>Extensions that KVM may have. Source: linux/kvm.h, KVM_CAP_*.</summary>
public enum KvmCapability
{
    /// <summary>In-kernel interrupt controllers.</summary>
    IrqChip = 0,

    /// <summary>The number of memory slots.</summary>
    MemorySlots = 10,

    /// <summary>KVM_RUN can be told to return at once.</summary>
    ImmediateExit = 136,

    /// <summary>The dirty log is cleared by an own call; the value holds the supported flags.</summary>
    ManualDirtyLogProtect2 = 168,

    /// <summary>Dirty rings; the value is the largest size in bytes.</summary>
    DirtyLogRing = 192,

    /// <summary>The size of the XSAVE area in bytes.</summary>
    Xsave2 = 208,

    /// <summary>Dirty rings whose entries are read and reset with acquire and release order.</summary>
    DirtyLogRingAcquireRelease = 223,
}

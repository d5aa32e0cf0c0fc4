namespace Ferry.Machine;

/// <summary>What runs the guest's program.</summary>
public enum AcceleratorKind
{
    /// <summary>KVM.</summary>
    Kvm = 0,

    /// <summary>Threads of this process, where KVM is missing.</summary>
    Thread = 1,
}

namespace Ferry.Machine.Programs;

/// <summary>What a guest's program is assembled for; only the way out to the machine differs.</summary>
internal enum ProgramTarget
{
    /// <summary>KVM: ports by IN and OUT, device registers by memory accesses.</summary>
    Kvm,

    /// <summary>A host thread: both by a call that returns to the machine.</summary>
    Thread,
}

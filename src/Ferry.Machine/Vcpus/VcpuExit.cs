namespace Ferry.Machine.Vcpus;

/// <summary>Why a vCPU came back to the machine.</summary>
internal enum VcpuExit
{
    /// <summary>It was kicked; nothing is to be done for it.</summary>
    Interrupted,

    /// <summary>It reads a port and waits for the answer.</summary>
    PortIn,

    /// <summary>It has written to a port.</summary>
    PortOut,

    /// <summary>It reads a device register and waits for the answer.</summary>
    RegisterRead,

    /// <summary>It has written to a device register.</summary>
    RegisterWrite,

    /// <summary>Its dirty ring is full.</summary>
    DirtyRingFull,

    /// <summary>It can't go on; <see cref="Vcpu.Fault"/> says why.</summary>
    Failed,
}

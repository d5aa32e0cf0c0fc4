namespace Ferry.Machine.Vcpus;

/// <summary>What a running vCPU needs of its machine. Called on the vCPU's thread.</summary>
internal interface IVcpuHost
{
    /// <summary>Reads a 32-bit device register.</summary>
    uint ReadRegister(ulong address);

    /// <summary>Writes a 32-bit device register.</summary>
    void WriteRegister(ulong address, uint value);

    /// <summary>A vCPU's dirty ring is full: makes room in all of them.</summary>
    /// <returns>Whether there was anything to take.</returns>
    bool HarvestDirtyRings();

    /// <summary>A vCPU's program asks for its next budget.</summary>
    void OnTurn();

    /// <summary>Whether the program of vCPU <paramref name="vcpu"/> found work to do in its last turn.</summary>
    bool IsBusy(int vcpu);

    /// <summary>The program of a vCPU reported an error.</summary>
    void OnError(int vcpu, uint code);

    /// <summary>The program of a vCPU has ended a self-check.</summary>
    void OnCheckDone(int vcpu);

    /// <summary>A vCPU can't go on.</summary>
    void OnFault(int vcpu, string fault);
}

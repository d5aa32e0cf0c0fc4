namespace Ferry.Machine.Vcpus;

/// <summary>What a running vCPU needs of its machine. Called on the vCPU's thread.</summary>
internal interface IVcpuHost
{
    /// <summary>Reads a 32-bit device register.</summary>
    uint ReadRegister(ulong address);

    /// <summary>Writes a 32-bit device register.</summary>
    void WriteRegister(ulong address, uint value);

    /// <summary>Makes room in the dirty rings.</summary>
    void HarvestDirtyRings();

    /// <summary>Whether the program of vCPU <paramref name="vcpu"/> found work to do in its last turn.</summary>
    bool IsBusy(int vcpu);

    /// <summary>The program of a vCPU reported an error.</summary>
    void OnError(int vcpu, uint code);

    /// <summary>The program of a vCPU has ended a self-check.</summary>
    void OnCheckDone(int vcpu);

    /// <summary>A vCPU can't go on.</summary>
    void OnFault(int vcpu, string fault);
}

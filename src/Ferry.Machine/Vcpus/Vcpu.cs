namespace Ferry.Machine.Vcpus;

/// <summary>A vCPU of either accelerator. All but <see cref="Kick"/> is called by the thread that runs it, or while it is parked.</summary>
/// <remarks>Running, answering and kicking allocate nothing.</remarks>
internal abstract class Vcpu : IDisposable
{
    /// <summary>The port or the address of the last exit.</summary>
    public ulong Address { get; protected set; }

    /// <summary>What the last exit wrote.</summary>
    public uint Value { get; protected set; }

    /// <summary>Why it can't go on, after <see cref="VcpuExit.Failed"/>.</summary>
    public string? Fault { get; protected set; }

    /// <summary>To be called once by the thread that will run it.</summary>
    public abstract void EnterThread();

    /// <summary>Runs the guest until something has to be done for it.</summary>
    public abstract VcpuExit Run();

    /// <summary>Answers the read of the last exit.</summary>
    public abstract void Answer(uint value);

    /// <summary>Brings it out of the guest soon; from any thread.</summary>
    public abstract void Kick();

    /// <summary>Finishes what the last exit began, so that the registers are those of an instruction boundary, and forgets kicks.</summary>
    public abstract void Settle();

    /// <summary>Puts it where the program starts.</summary>
    /// <param name="controlBlock">The guest physical address of its control block.</param>
    public abstract void Boot(ulong controlBlock);

    /// <summary>The parts of its state, in order: a number and the length in bytes of each.</summary>
    public abstract IReadOnlyList<VcpuStatePart> StateParts { get; }

    /// <summary>Reads a part of its state into <paramref name="bytes"/>, which have its length.</summary>
    public abstract void SavePart(VcpuStatePart part, Span<byte> bytes);

    /// <summary>Whether <paramref name="bytes"/>, which have the part's length, can be loaded at all.</summary>
    public abstract bool Accepts(VcpuStatePart part, ReadOnlySpan<byte> bytes);

    /// <summary>Writes a part of its state.</summary>
    public abstract void LoadPart(VcpuStatePart part, ReadOnlySpan<byte> bytes);

    /// <inheritdoc/>
    public abstract void Dispose();
}

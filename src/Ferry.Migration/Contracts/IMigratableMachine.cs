using System.Buffers;
using Ferry.Linux.Memory;
using Ferry.Memory;

namespace Ferry.Migration.Contracts;

/// <summary>A machine as the engine sees it, source or destination.</summary>
public interface IMigratableMachine
{
    /// <summary>The machine's name, for people.</summary>
    string Name { get; }

    /// <summary>What runs the guest: <c>kvm</c> or <c>thread</c>; the same on both sides.</summary>
    string Accelerator { get; }

    /// <summary>The number of vCPUs; the same on both sides.</summary>
    int VcpuCount { get; }

    /// <summary>The version of the vCPU state's encoding.</summary>
    uint VcpuStateVersion { get; }

    /// <summary>All guest memory.</summary>
    GuestMemory Memory { get; }

    /// <summary>The devices, in the order of the machine file.</summary>
    IReadOnlyList<IMigratableDevice> Devices { get; }

    /// <summary>Ranges of guest memory, within <see cref="Memory"/>, that hold data; all else was never touched and reads as zero.</summary>
    PopulatedRanges FindPopulated();

    /// <summary>Touches every page of <paramref name="range"/> so that a later write finds it there; keeps contents. Thread-safe.</summary>
    void Populate(IovaRange range);

    /// <summary>Stops all vCPUs at an instruction boundary and returns when none executes. Does nothing where they are stopped.</summary>
    void PauseVcpus();

    /// <summary>Lets all vCPUs run. Does nothing where they run.</summary>
    void ResumeVcpus();

    /// <summary>Takes away <paramref name="percent"/> (0 to 99) of the vCPUs' time; 0 ends throttling.</summary>
    void ThrottleVcpus(int percent);

    /// <summary>Appends the state of all stopped vCPUs and of the machine's clock.</summary>
    void SaveVcpus(IBufferWriter<byte> state);

    /// <summary>Appends what can be loaded on the destination while the guest still runs here, as it is now; nothing where there is no such state.</summary>
    /// <remarks><see cref="SaveVcpus"/> holds all of it again, as it is then.</remarks>
    void SaveAhead(IBufferWriter<byte> state);

    /// <summary>Loads what <see cref="SaveAhead"/> wrote, in place of what was loaded ahead before.</summary>
    /// <exception cref="InvalidDataException">The bytes are not such a state.</exception>
    void LoadAhead(ReadOnlySpan<byte> state);

    /// <summary>Restores what <see cref="SaveVcpus"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are not such a state; nothing was changed.</exception>
    void LoadVcpus(ReadOnlySpan<byte> state);
}

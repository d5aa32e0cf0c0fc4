using System.Buffers;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Migration.Contracts;

namespace Ferry.Lab.Devices;

/// <summary>Memory and a kernel device, without vCPUs: a machine whose devices alone do anything, but for a guest that is a thread.</summary>
/// <param name="file">The memory, of <see cref="MemoryBytes"/> from address 0; stays the caller's.</param>
/// <param name="device">The device.</param>
/// <param name="guest">What stands for a vCPU; null for none.</param>
internal sealed class KernelMachine(GuestMemoryFile file, IMigratableDevice device, RnicGuest? guest = null) : IMigratableMachine
{
    /// <summary>The bytes of its memory.</summary>
    public const ulong MemoryBytes = 2 << 20;

    /// <inheritdoc/>
    public string Name => "lab";

    /// <inheritdoc/>
    public string Accelerator => "none";

    /// <inheritdoc/>
    public int VcpuCount => 1;

    /// <inheritdoc/>
    public uint VcpuStateVersion => 1;

    /// <inheritdoc/>
    public GuestMemory Memory => file.Memory;

    /// <inheritdoc/>
    public IReadOnlyList<IMigratableDevice> Devices { get; } = [device];

    /// <summary>Whether it was told to run, and not to pause since.</summary>
    public bool IsRunning { get; private set; }

    /// <inheritdoc/>
    public PopulatedRanges FindPopulated() => file.FindPopulated();

    /// <inheritdoc/>
    public void Populate(IovaRange range) => file.Populate(range);

    /// <inheritdoc/>
    public void PauseVcpus()
    {
        guest?.Pause();
        IsRunning = false;
    }

    /// <inheritdoc/>
    public void ResumeVcpus()
    {
        IsRunning = true;
        guest?.Resume();
    }

    /// <inheritdoc/>
    public void ThrottleVcpus(int percent)
    {
    }

    /// <inheritdoc/>
    public void SaveVcpus(IBufferWriter<byte> state)
    {
        Span<byte> bytes = stackalloc byte[RnicGuest.StateBytes];
        guest?.Save(bytes);
        state.Write(bytes);
    }

    /// <inheritdoc/>
    public void LoadVcpus(ReadOnlySpan<byte> state)
    {
        LabContext.Require(state.Length == RnicGuest.StateBytes, $"{state.Length} bytes of vCPU state");
        guest?.Load(state);
    }

    /// <inheritdoc/>
    public void SaveAhead(IBufferWriter<byte> state)
    {
    }

    /// <inheritdoc/>
    public void LoadAhead(ReadOnlySpan<byte> state)
    {
    }
}

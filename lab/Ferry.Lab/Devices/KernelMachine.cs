using System.Buffers;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Migration.Contracts;

namespace Ferry.Lab.Devices;

/// <summary>Memory and a kernel device, without vCPUs: a machine whose devices alone do anything.</summary>
internal sealed class KernelMachine(IMigratableDevice device) : IMigratableMachine, IDisposable
{
    private const ulong MemoryBytes = 2 << 20;
    private readonly GuestMemoryFile _file = GuestMemoryFile.Create([(new(0), MemoryBytes)]);

    /// <inheritdoc/>
    public string Name => "lab";

    /// <inheritdoc/>
    public string Accelerator => "none";

    /// <inheritdoc/>
    public int VcpuCount => 1;

    /// <inheritdoc/>
    public uint VcpuStateVersion => 1;

    /// <inheritdoc/>
    public GuestMemory Memory => _file.Memory;

    /// <inheritdoc/>
    public IReadOnlyList<IMigratableDevice> Devices { get; } = [device];

    /// <summary>Whether it was told to run, and not to pause since.</summary>
    public bool IsRunning { get; private set; }

    /// <inheritdoc/>
    public PopulatedRanges FindPopulated() => _file.FindPopulated();

    /// <inheritdoc/>
    public void Populate(IovaRange range) => _file.Populate(range);

    /// <inheritdoc/>
    public void PauseVcpus() => IsRunning = false;

    /// <inheritdoc/>
    public void ResumeVcpus() => IsRunning = true;

    /// <inheritdoc/>
    public void ThrottleVcpus(int percent)
    {
    }

    /// <inheritdoc/>
    public void SaveVcpus(IBufferWriter<byte> state) => state.Write((ReadOnlySpan<byte>)[1]);

    /// <inheritdoc/>
    public void LoadVcpus(ReadOnlySpan<byte> state) => LabContext.Require(state is [1], $"{state.Length} bytes of vCPU state");

    /// <inheritdoc/>
    public void SaveAhead(IBufferWriter<byte> state)
    {
    }

    /// <inheritdoc/>
    public void LoadAhead(ReadOnlySpan<byte> state)
    {
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

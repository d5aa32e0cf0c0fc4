using System.Buffers;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Migration.Contracts;

namespace Ferry.Fuzz;

/// <summary>What chunks are received into: memory, and nothing else.</summary>
internal sealed class MemoryOnlyMachine(GuestMemoryFile file) : IMigratableMachine
{
    public string Name { get; } = "memory only";

    public string Accelerator => "none";

    public int VcpuCount => 1;

    public uint VcpuStateVersion => 1;

    public GuestMemory Memory => file.Memory;

    public IReadOnlyList<IMigratableDevice> Devices => [];

    public PopulatedRanges FindPopulated() => file.FindPopulated();

    public void Populate(IovaRange range) => file.Populate(range);

    public void PauseVcpus()
    {
    }

    public void ResumeVcpus()
    {
    }

    public void ThrottleVcpus(int percent)
    {
    }

    public void SaveVcpus(IBufferWriter<byte> state)
    {
    }

    public void SaveAhead(IBufferWriter<byte> state)
    {
    }

    public void LoadAhead(ReadOnlySpan<byte> state)
    {
    }

    public void LoadVcpus(ReadOnlySpan<byte> state)
    {
    }
}

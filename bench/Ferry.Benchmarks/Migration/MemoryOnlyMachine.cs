using System.Buffers;
using System.Runtime.InteropServices;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Migration.Contracts;

namespace Ferry.Benchmarks.Migration;

/// <summary>A machine whose guest does nothing: what remains is the cost of the engine.</summary>
internal sealed class MemoryOnlyMachine(ulong bytes) : IMigratableMachine, IDisposable
{
    private readonly GuestMemoryFile _file = GuestMemoryFile.Create(GuestLayout.Of(bytes, PageSize.Size4K));

    public string Name => "bench";

    public string Accelerator => "none";

    public int VcpuCount => 1;

    public uint VcpuStateVersion => 1;

    public GuestMemory Memory => _file.Memory;

    public IReadOnlyList<IMigratableDevice> Devices => [];

    public PopulatedRanges FindPopulated() => _file.FindPopulated();

    public void Populate(IovaRange range) => _file.Populate(range);

    public void PopulateAll() => _file.PopulateAll(Environment.ProcessorCount, null, CancellationToken.None);

    /// <summary>Fills the first bytes of memory with what does not compress.</summary>
    public void FillRandom(ulong bytes)
    {
        var state = 0x9e3779b97f4a7c15UL;
        foreach (var region in Memory.Regions)
        {
            for (ulong offset = 0; offset < region.LengthBytes && bytes > 0; offset += 1 << 20, bytes -= Math.Min(bytes, 1 << 20))
            {
                foreach (ref var word in MemoryMarshal.Cast<byte, ulong>(Memory.GetSpan(new Gpa(region.Start.Value + offset), 1 << 20)))
                {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    word = state;
                }
            }
        }
    }

    public void PauseVcpus()
    {
    }

    public void ResumeVcpus()
    {
    }

    public void ThrottleVcpus(int percent)
    {
    }

    public void SaveVcpus(IBufferWriter<byte> state) => state.Write("idle"u8);

    public void SaveAhead(IBufferWriter<byte> state)
    {
    }

    public void LoadAhead(ReadOnlySpan<byte> state)
    {
    }

    public void LoadVcpus(ReadOnlySpan<byte> state)
    {
    }

    public void Dispose() => _file.Dispose();
}

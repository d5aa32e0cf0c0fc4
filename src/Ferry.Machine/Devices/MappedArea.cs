using Ferry.Linux.Memory;

namespace Ferry.Machine.Devices;

/// <summary>A part of a region that is mapped in this process.</summary>
/// <param name="OffsetBytes">Where it begins in the region.</param>
/// <param name="Memory">The memory.</param>
internal sealed record MappedArea(ulong OffsetBytes, MappedMemory Memory) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Memory.Dispose();
}

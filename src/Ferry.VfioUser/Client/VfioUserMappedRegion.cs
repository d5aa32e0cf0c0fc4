using Ferry.Linux.Memory;

namespace Ferry.VfioUser.Client;

/// <summary>The areas of a region that are mapped into this process, until disposed.</summary>
/// <remarks>The device's process owns the memory: it may change it at any time, and one that cuts the file short ends this process by a
/// signal at the next access, unless <see cref="CanShrink"/> is false. Map only what is trusted that far.</remarks>
public sealed class VfioUserMappedRegion : IDisposable
{
    private readonly (ulong OffsetBytes, MappedMemory Memory)[] _areas;

    internal VfioUserMappedRegion(IReadOnlyList<(ulong OffsetBytes, MappedMemory Memory)> areas, bool isWritable, bool canShrink) =>
        (_areas, IsWritable, CanShrink) = ([.. areas], isWritable, canShrink);

    /// <summary>Whether the areas may be read and written.</summary>
    public bool IsWritable { get; }

    /// <summary>Whether the device may still cut the file short.</summary>
    public bool CanShrink { get; }

    /// <summary>The mapped areas: the offset in the region, and the memory.</summary>
    public IReadOnlyList<(ulong OffsetBytes, MappedMemory Memory)> Areas => _areas;

    /// <summary>Gives bytes of the region if one area holds all of them.</summary>
    public bool TryGetSpan(ulong offsetBytes, int lengthBytes, out Span<byte> span)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        foreach (var (start, memory) in _areas)
        {
            if (offsetBytes >= start && offsetBytes - start <= memory.LengthBytes && (ulong)lengthBytes <= memory.LengthBytes - (offsetBytes - start))
            {
                span = memory.GetSpan(offsetBytes - start, lengthBytes);
                return true;
            }
        }

        span = default;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, memory) in _areas)
        {
            memory.Dispose();
        }
    }
}

namespace Ferry.Memory;

/// <summary>All memory of a guest: regions sorted by address, which never overlap, and bounds-checked access to them.</summary>
/// <remarks>It does not own the mappings; whoever mapped them keeps them alive for as long as this object is used.
/// Thread-safe: it is immutable. What lies behind a span is written by vCPUs and devices at any time.</remarks>
public sealed class GuestMemory
{
    private readonly GuestRegion[] _regions;

    /// <summary>Guest memory of <paramref name="regions"/>, in any order.</summary>
    /// <exception cref="ArgumentException">No region; one that is not aligned to 4 KiB, empty, wrapping or mapped nowhere; or two that overlap.</exception>
    public GuestMemory(IEnumerable<GuestRegion> regions)
    {
        _regions = [.. regions.OrderBy(region => region.Start.Value)];
        if (_regions.Length == 0)
        {
            throw new ArgumentException("Guest memory needs at least one region.", nameof(regions));
        }

        for (var i = 0; i < _regions.Length; i++)
        {
            if (_regions[i].LengthBytes == 0 || !_regions[i].Range.IsAligned(PageSize.Size4K))
            {
                throw new ArgumentException($"Region {_regions[i].Start} of {_regions[i].LengthBytes} bytes is not made of whole 4 KiB pages.", nameof(regions));
            }

            if (_regions[i].Host.Value == 0 || ulong.MaxValue - _regions[i].Host.Value < _regions[i].LengthBytes)
            {
                throw new ArgumentException($"Region {_regions[i].Start} of {_regions[i].LengthBytes} bytes can't be mapped at {_regions[i].Host}.", nameof(regions));
            }

            if (i > 0 && _regions[i].Start <= _regions[i - 1].Last)
            {
                throw new ArgumentException($"Regions overlap at {_regions[i].Start}.", nameof(regions));
            }

            TotalBytes += _regions[i].LengthBytes;
        }
    }

    /// <summary>The regions, sorted by guest physical address.</summary>
    public IReadOnlyList<GuestRegion> Regions => _regions;

    /// <summary>The sum of all regions' lengths, in bytes.</summary>
    public ulong TotalBytes { get; }

    /// <summary>Gives the bytes from <paramref name="start"/> if they all lie in one region.</summary>
    public unsafe bool TryGetSpan(Gpa start, int lengthBytes, out Span<byte> span)
    {
        span = default;
        if (lengthBytes < 0)
        {
            return false;
        }

        foreach (var region in _regions)
        {
            var offset = start.Value - region.Start.Value;
            if (start >= region.Start && offset < region.LengthBytes && (ulong)lengthBytes <= region.LengthBytes - offset)
            {
                span = new Span<byte>((byte*)region.Host.Value + offset, lengthBytes);
                return true;
            }
        }

        return false;
    }

    /// <summary>Gives the bytes from <paramref name="start"/>, which must all lie in one region.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They do not.</exception>
    public Span<byte> GetSpan(Gpa start, int lengthBytes) =>
        TryGetSpan(start, lengthBytes, out var span)
            ? span
            : throw new ArgumentOutOfRangeException(nameof(start), start, $"{lengthBytes} bytes from there are not all in one region of guest memory.");
}

using Ferry.Memory;

namespace Ferry.Tracking.AddressSpaces;

/// <summary>What the I/O virtual addresses of a device, or of several, stand for in guest memory, now.</summary>
/// <remarks>
/// The kernel's word for it is IOAS. Mappings never overlap in their addresses; any number of them may stand for the same memory.
///
/// A dirty page is an address at a time: what it stands for has to be asked before that changes. So whoever maps, unmaps or reports holds
/// <see cref="Gate"/> for as long as that takes, the device's part of it included. Looking up needs no gate. Thread-safe.
/// </remarks>
public sealed class AddressSpace
{
    private readonly Lock _table = new();
    private readonly List<AddressSpaceMapping> _sorted = [];

    /// <summary>An address space in which nothing is mapped.</summary>
    /// <param name="aperture">The addresses that can be mapped; made of whole 4 KiB pages.</param>
    /// <param name="maxMappings">How many mappings there may be at a time.</param>
    public AddressSpace(IovaRange aperture, int maxMappings)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxMappings, 1);
        if (!aperture.IsAligned(PageSize.Size4K) || aperture.LengthBytes == 0)
        {
            throw new ArgumentException($"The aperture {aperture} is not made of whole 4 KiB pages.", nameof(aperture));
        }

        (Aperture, MaxMappings) = (aperture, maxMappings);
    }

    /// <summary>The addresses that can be mapped.</summary>
    public IovaRange Aperture { get; }

    /// <summary>How many mappings there may be at a time.</summary>
    public int MaxMappings { get; }

    /// <summary>How many mappings there are.</summary>
    public int Count
    {
        get
        {
            lock (_table)
            {
                return _sorted.Count;
            }
        }
    }

    /// <summary>Held by whoever changes mappings, and by whoever turns reports into guest pages, from before the device is asked until after
    /// what it said is translated.</summary>
    public Lock Gate { get; } = new();

    /// <summary>All mappings, sorted by address.</summary>
    public AddressSpaceMapping[] GetMappings()
    {
        lock (_table)
        {
            return [.. _sorted];
        }
    }

    /// <summary>Adds a mapping. With <see cref="Gate"/> held, and before the device knows of it.</summary>
    /// <returns>False where it overlaps another, lies outside of the aperture, is not made of whole 4 KiB pages, wraps, or is one too many;
    /// nothing changed.</returns>
    public bool TryAdd(AddressSpaceMapping mapping)
    {
        var (range, start, _) = mapping;
        if (!Aperture.Contains(range) || !range.IsAligned(PageSize.Size4K) || start.Value % PageSize.Size4K.Bytes != 0
            || start.Value + (range.LengthBytes - 1) < start.Value)
        {
            return false;
        }

        lock (_table)
        {
            var at = IndexEndingAt(range.Start);
            if (_sorted.Count == MaxMappings || (at < _sorted.Count && _sorted[at].Range.Overlaps(range)))
            {
                return false;
            }

            _sorted.Insert(at, mapping);
            return true;
        }
    }

    /// <summary>Removes a mapping. With <see cref="Gate"/> held, and after the device gave it back and its dirty pages were taken.</summary>
    /// <param name="range">Exactly as it was added.</param>
    /// <returns>False where there is none.</returns>
    public bool TryRemove(IovaRange range)
    {
        lock (_table)
        {
            var at = IndexEndingAt(range.Start);
            if (at == _sorted.Count || _sorted[at].Range != range)
            {
                return false;
            }

            _sorted.RemoveAt(at);
            return true;
        }
    }

    /// <summary>Finds the mapping that an address lies in. Allocates nothing.</summary>
    public bool TryFind(Iova address, out AddressSpaceMapping mapping)
    {
        lock (_table)
        {
            var at = IndexEndingAt(address);
            mapping = at < _sorted.Count ? _sorted[at] : default;
            return mapping.Range.LengthBytes > 0 && mapping.Range.Start <= address;
        }
    }

    /// <summary>Sets in <paramref name="memory"/> the guest pages that the set pages of <paramref name="written"/> stand for.</summary>
    /// <remarks>Of a page of <paramref name="written"/> that is mapped in part, that part; addresses that are not mapped stand for nothing.
    /// Allocates nothing.</remarks>
    /// <param name="written">Pages by I/O virtual address.</param>
    /// <param name="memory">Disjoint ranges of guest memory by guest physical address; what lies in none of them is left out.</param>
    public void Translate(DirtyBitmap written, ReadOnlySpan<DirtyBitmap> memory)
    {
        ArgumentNullException.ThrowIfNull(written);
        lock (_table)
        {
            foreach (var (first, count) in written.Runs())
            {
                var start = new Iova(written.Range.Start.Value + (first << written.PageSize.Shift));
                var run = new IovaRange(start, count << written.PageSize.Shift);
                for (var at = IndexEndingAt(start); at < _sorted.Count && _sorted[at].Range.Start <= run.Last; at++)
                {
                    GuestPages.Set(_sorted[at].MemoryOf(Common(_sorted[at].Range, run)), memory);
                }
            }
        }
    }

    /// <summary>Sets in <paramref name="memory"/> every guest page that devices may write.</summary>
    /// <param name="memory">As for <see cref="Translate"/>.</param>
    public void TranslateAll(ReadOnlySpan<DirtyBitmap> memory)
    {
        lock (_table)
        {
            foreach (var mapping in _sorted)
            {
                if (mapping.IsWritable)
                {
                    GuestPages.Set(mapping.Memory, memory);
                }
            }
        }
    }

    private static IovaRange Common(IovaRange one, IovaRange other)
    {
        var start = Math.Max(one.Start.Value, other.Start.Value);
        return new(new(start), Math.Min(one.Last.Value, other.Last.Value) - start + 1);
    }

    // The index of the first mapping that ends at or above the address.
    private int IndexEndingAt(Iova address)
    {
        var (low, high) = (0, _sorted.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = _sorted[middle].Range.Last < address ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}

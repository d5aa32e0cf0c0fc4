using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>What was read of each mapping and not asked for yet. It follows the mappings as they change.</summary>
/// <remarks>A mapping that has gone is kept for as long as it holds pages that were not reported. Allocates only where mappings changed.</remarks>
internal sealed class PendingPages : IDisposable
{
    private readonly List<MappingPages> _items = [];
    private IReadOnlyList<IovaRange>? _followed;
    private PageSize _pageSize;

    /// <summary>The mappings, those that have gone among them, in no order.</summary>
    public List<MappingPages> Items => _items;

    /// <summary>Begins with nothing pending.</summary>
    public void Reset(IReadOnlyList<IovaRange> mappings, PageSize pageSize)
    {
        Dispose();
        _pageSize = pageSize;
        Follow(mappings);
    }

    /// <summary>Takes down what was mapped and unmapped since. A list that is the same object has not changed.</summary>
    public void Follow(IReadOnlyList<IovaRange> mappings)
    {
        if (ReferenceEquals(mappings, _followed))
        {
            return;
        }

        _followed = mappings;
        var current = mappings.ToHashSet();
        var known = new HashSet<IovaRange>();
        for (var i = _items.Count - 1; i >= 0; i--)
        {
            var item = _items[i];
            item.IsMapped &= current.Contains(item.Mapping);
            if (item.IsMapped)
            {
                known.Add(item.Mapping);
            }
            else if (!item.HasAny)
            {
                item.Dispose();
                _items.RemoveAt(i);
            }
        }

        foreach (var mapping in mappings)
        {
            // One that is not made of whole pages can't be asked for; whoever tracks says so.
            if (mapping.IsAligned(_pageSize) && known.Add(mapping))
            {
                _items.Add(new MappingPages(mapping, _pageSize));
            }
        }
    }

    /// <summary>Why one of the mappings in <paramref name="range"/> can't be asked for, or null.</summary>
    public static string? FindUnaligned(IReadOnlyList<IovaRange> mappings, IovaRange range, PageSize pageSize)
    {
        for (var i = 0; i < mappings.Count; i++)
        {
            if (mappings[i].Overlaps(range) && !mappings[i].IsAligned(pageSize))
            {
                return $"{mappings[i]} is mapped, which is not made of whole pages of {pageSize}";
            }
        }

        return null;
    }

    /// <summary>Counts all of a mapping that could not be read as dirty, but for <paramref name="reported"/>, which was set where it was asked for.</summary>
    public void Fail(MappingPages? unread, IovaRange reported)
    {
        unread?.SetAll();
        foreach (var item in _items)
        {
            item.Clear(reported);
        }
    }

    /// <summary>Moves all that is pending in <paramref name="range"/> into <paramref name="bitmap"/>.</summary>
    public void Drain(IovaRange range, DirtyBitmap bitmap)
    {
        foreach (var item in _items)
        {
            item.Drain(range, bitmap);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _items.ForEach(item => item.Dispose());
        _items.Clear();
        _followed = null;
    }
}

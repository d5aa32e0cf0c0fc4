using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>The dirty pages of one mapping that were read from the kernel, or are in doubt, and that nobody asked for yet.</summary>
internal sealed class MappingPages : IDisposable
{
    private readonly PageSize _pageSize;

    /// <summary>None of <paramref name="mapping"/>, which is made of whole pages.</summary>
    public MappingPages(IovaRange mapping, PageSize pageSize)
    {
        (Mapping, _pageSize) = (mapping, pageSize);
        // From where 64 pages begin, so that an address that is a multiple of 64 pages is the first bit of a word.
        var start = mapping.Start.Value & ~((64UL << pageSize.Shift) - 1);
        Pages = new DirtyBitmap(new(new(start), mapping.Last.Value - start + 1), pageSize);
    }

    /// <summary>The mapping.</summary>
    public IovaRange Mapping { get; }

    /// <summary>Whether it is mapped still.</summary>
    public bool IsMapped { get; set; } = true;

    /// <summary>Whether there may be any.</summary>
    public bool HasAny { get; private set; }

    private DirtyBitmap Pages { get; }

    /// <summary>The words from the one whose first bit is the first page of <paramref name="part"/>, for calls that set bits and clear none.</summary>
    /// <exception cref="ArgumentException">The part does not begin with a word.</exception>
    public Span<ulong> WordsFor(IovaRange part)
    {
        HasAny = true;
        return Words(Pages, part);
    }

    /// <summary>The words of <paramref name="part"/> in any bitmap; bits beside it in the last word are others'.</summary>
    /// <exception cref="ArgumentException">The part does not begin with a word.</exception>
    public static Span<ulong> Words(DirtyBitmap bitmap, IovaRange part)
    {
        var first = bitmap.PageOf(part.Start);
        var last = bitmap.PageOf(part.Last);
        return first % 64 == 0
            ? bitmap.Words[(int)(first / 64)..(int)((last / 64) + 1)]
            : throw new ArgumentException($"The range {part} begins at bit {first % 64} of a word.", nameof(part));
    }

    /// <summary>Counts all of it as dirty.</summary>
    public void SetAll()
    {
        HasAny = true;
        Pages.Set(Mapping);
    }

    /// <summary>ORs a raw report of a part of the mapping into it.</summary>
    public void Or(ReadOnlySpan<ulong> words, IovaRange part)
    {
        HasAny = true;
        Pages.Or(words, part.Start, _pageSize, part.LengthBytes >> _pageSize.Shift);
    }

    /// <summary>Whether <paramref name="part"/> begins with a word.</summary>
    public bool BeginsWord(IovaRange part) => Pages.PageOf(part.Start) % 64 == 0;

    /// <summary>Moves what lies in <paramref name="range"/> into <paramref name="bitmap"/>.</summary>
    public void Drain(IovaRange range, DirtyBitmap bitmap)
    {
        if (!HasAny || !TryIntersect(range, Mapping, out var part))
        {
            return;
        }

        var first = Pages.PageOf(part.Start);
        Pages.Drain(bitmap, first, Pages.PageOf(part.Last) - first + 1);
        HasAny = part != Mapping;
    }

    /// <summary>Forgets what lies in <paramref name="range"/>, because it was set elsewhere.</summary>
    public void Clear(IovaRange range)
    {
        if (TryIntersect(range, Mapping, out var part))
        {
            var first = Pages.PageOf(part.Start);
            Pages.ClearPages(first, Pages.PageOf(part.Last) - first + 1);
        }
    }

    /// <summary>The addresses that two ranges share.</summary>
    public static bool TryIntersect(IovaRange a, IovaRange b, out IovaRange both)
    {
        both = default;
        if (!a.Overlaps(b))
        {
            return false;
        }

        var start = Math.Max(a.Start.Value, b.Start.Value);
        both = new(new(start), Math.Min(a.Last.Value, b.Last.Value) - start + 1);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => Pages.Dispose();
}

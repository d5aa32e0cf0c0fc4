using System.Numerics;
using Ferry.Linux.Memory;

namespace Ferry.Migration.Pages;

/// <summary>One bit a page number of a <see cref="PageLayout"/>.</summary>
/// <remarks>Threads that work on different stripes never share a word, so they need no lock.</remarks>
internal sealed class PageBits(PageLayout layout)
{
    private readonly ulong[] _words = new ulong[layout.NumberCount / 64];

    internal Span<ulong> WordsOfStripe(uint stripe) =>
        _words.AsSpan((int)stripe * PageLayout.WordsPerStripe, PageLayout.WordsPerStripe);

    /// <summary>The words of a region, as many as its pages need.</summary>
    internal Span<ulong> WordsOfRegion(int region)
    {
        var (firstPage, pageCount, _) = layout.Region(region);
        return _words.AsSpan((int)(firstPage / 64), (int)((pageCount + 63) / 64));
    }

    internal bool IsSet(uint page) => ((_words[page / 64] >> (int)(page % 64)) & 1) != 0;

    internal void Set(uint page) => _words[page / 64] |= 1UL << (int)(page % 64);

    internal void Clear(uint page) => _words[page / 64] &= ~(1UL << (int)(page % 64));

    internal void Set(uint first, uint count)
    {
        for (var page = first; count > 0;)
        {
            var step = Math.Min(count, 64 - (page % 64));
            _words[page / 64] |= (step == 64 ? ulong.MaxValue : (1UL << (int)step) - 1) << (int)(page % 64);
            (page, count) = (page + step, count - step);
        }
    }

    /// <summary>Sets the pages of <paramref name="ranges"/>.</summary>
    internal void Set(PopulatedRanges ranges)
    {
        foreach (var range in ranges)
        {
            var first = layout.PageOf(range.Start);
            Set(first, layout.PageOf(range.Last) - first + 1);
        }
    }

    internal ulong Count()
    {
        ulong count = 0;
        foreach (var word in _words)
        {
            count += (ulong)BitOperations.PopCount(word);
        }

        return count;
    }

    /// <summary>The first page that is set, or -1.</summary>
    internal long First()
    {
        var index = _words.AsSpan().IndexOfAnyExcept(0UL);
        return index < 0 ? -1 : (index * 64L) + BitOperations.TrailingZeroCount(_words[index]);
    }
}

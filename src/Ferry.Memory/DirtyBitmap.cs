using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ferry.Memory;

/// <summary>One bit a page of an IOVA range: the one bitmap that all trackers OR into.</summary>
/// <remarks>Native memory in 64-bit words, aligned to 64 bytes; bit i is the page at <c>Range.Start + i * PageSize</c>. Bits beyond
/// <see cref="PageCount"/> in the last word are always zero. Whatever lies out of range throws <see cref="ArgumentOutOfRangeException"/> and
/// changes nothing: a bit that is dropped is a page that is lost. Whatever touches the words throws <see cref="ObjectDisposedException"/> after
/// <see cref="Dispose"/>, which alone frees them. Not thread-safe, but for <see cref="SetPagesAtomic"/> in any number of threads beside one
/// that drains (<see cref="Drain(DirtyBitmap)"/>). No operation allocates managed memory.</remarks>
public sealed unsafe partial class DirtyBitmap : IDisposable
{
    private const nuint AlignmentBytes = 64;

    private void* _allocation;
    private ulong* _words;

    /// <summary>An all-zero bitmap of <paramref name="range"/>: one byte for each 8 pages, which takes no memory until a page of it is set.</summary>
    /// <exception cref="ArgumentException">The range is not made of whole pages of <paramref name="pageSize"/>.</exception>
    /// <exception cref="OutOfMemoryException">There is no address space for that many pages.</exception>
    public DirtyBitmap(IovaRange range, PageSize pageSize)
    {
        if (range.LengthBytes == 0 || !range.IsAligned(pageSize))
        {
            throw new ArgumentException($"The range {range} is not made of whole pages of {pageSize}.", nameof(range));
        }

        Range = range;
        PageSize = pageSize;
        PageCount = range.LengthBytes >> pageSize.Shift;
        WordCount = checked((nuint)((PageCount + 63) / 64));
        // Zeroed by the allocator, which has the kernel's zero pages for a large one: nothing is touched before it is used.
        _allocation = NativeMemory.AllocZeroed(checked(WordCount * sizeof(ulong) + AlignmentBytes - 1));
        _words = (ulong*)(((nuint)_allocation + AlignmentBytes - 1) & ~(AlignmentBytes - 1));
    }

    /// <summary>What it covers; the first bit is the first page.</summary>
    public IovaRange Range { get; }

    /// <summary>The size that one bit stands for.</summary>
    public PageSize PageSize { get; }

    /// <summary>The number of pages, which is the number of bits.</summary>
    public ulong PageCount { get; }

    private nuint WordCount { get; }

    /// <summary>All words, for kernel calls that OR straight into them. Bits beyond <see cref="PageCount"/> must stay zero.</summary>
    /// <remarks>Not to be used after <see cref="Dispose"/>: the span can't tell.</remarks>
    /// <exception cref="InvalidOperationException">There are more words than a span can hold.</exception>
    public Span<ulong> Words => WordCount <= int.MaxValue
        ? new(Live(), (int)WordCount)
        : throw new InvalidOperationException($"{WordCount} words don't fit into one span; take them by range.");

    /// <summary>Whether <paramref name="range"/> is made of whole pages that fill whole words: it starts at the first bit of a word, and ends at the end of a
    /// word or of the bitmap.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie in the bitmap's.</exception>
    public bool IsWordAligned(IovaRange range)
    {
        var (first, count) = PagesOf(range);
        return first % 64 == 0 && ((first + count) % 64 == 0 || first + count == PageCount) && range.IsAligned(PageSize);
    }

    /// <summary>The words of <paramref name="range"/>, which must be word-aligned (<see cref="IsWordAligned"/>), for kernel calls that OR straight into them.</summary>
    /// <remarks>As for <see cref="Words"/>, bits beyond <see cref="PageCount"/> must stay zero.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie in the bitmap's.</exception>
    /// <exception cref="ArgumentException">It is not word-aligned, or has more words than a span can hold.</exception>
    public Span<ulong> WordsOf(IovaRange range)
    {
        if (!IsWordAligned(range))
        {
            throw new ArgumentException($"The range {range} is not made of whole words of 64 pages of {PageSize}.", nameof(range));
        }

        var (first, count) = PagesOf(range);
        var words = (count + 63) / 64;
        return words <= int.MaxValue
            ? new(Live() + (first / 64), (int)words)
            : throw new ArgumentException($"The {words} words of {range} don't fit into one span; take a smaller range.", nameof(range));
    }

    /// <summary>The index of the page that holds <paramref name="address"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The address does not lie in the bitmap's range.</exception>
    public ulong PageOf(Iova address)
    {
        if (address < Range.Start || address > Range.Last)
        {
            throw new ArgumentOutOfRangeException(nameof(address), address, $"Not in the bitmap's range {Range}.");
        }

        return (address.Value - Range.Start.Value) >> PageSize.Shift;
    }

    /// <summary>Whether a page is set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such page.</exception>
    public bool IsSet(ulong page)
    {
        Check(page, 1);
        return (Live()[page / 64] >> (int)(page % 64) & 1) != 0;
    }

    /// <summary>Sets every page that <paramref name="range"/> touches, be it only in part.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie in the bitmap's; nothing was set.</exception>
    public void Set(IovaRange range)
    {
        var (first, count) = PagesOf(range);
        SetPages(first, count);
    }

    /// <summary>Sets <paramref name="count"/> pages from page <paramref name="first"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all within the bitmap's pages; nothing was done.</exception>
    public void SetPages(ulong first, ulong count)
    {
        Check(first, count);
        if (count == 0)
        {
            return;
        }

        var (word, lastWord, head, tail) = Edges(first, count);
        var words = Live();
        if (word == lastWord)
        {
            words[word] |= head & tail;
            return;
        }

        words[word] |= head;
        NativeMemory.Fill(words + word + 1, (nuint)(lastWord - word - 1) * sizeof(ulong), 0xff);
        words[lastWord] |= tail;
    }

    /// <summary>Sets pages with interlocked operations and release order: safe beside other setters and one drain in other threads.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all within the bitmap's pages; nothing was set.</exception>
    public void SetPagesAtomic(ulong first, ulong count)
    {
        Check(first, count);
        if (count == 0)
        {
            return;
        }

        var (word, lastWord, head, tail) = Edges(first, count);
        var words = Live();
        for (var i = word; i <= lastWord; i++)
        {
            var mask = (i == word ? head : ulong.MaxValue) & (i == lastWord ? tail : ulong.MaxValue);
            // Reading before writing would save the lock, but a drain may take the bit between the two.
            Interlocked.Or(ref words[i], mask);
        }
    }

    /// <summary>Sets every page.</summary>
    public void SetAll() => SetPages(0, PageCount);

    /// <summary>Clears every page.</summary>
    public void Clear() => NativeMemory.Clear(Live(), WordCount * sizeof(ulong));

    /// <summary>Clears <paramref name="count"/> pages from page <paramref name="first"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all within the bitmap's pages; nothing was done.</exception>
    public void ClearPages(ulong first, ulong count)
    {
        Check(first, count);
        if (count == 0)
        {
            return;
        }

        var (word, lastWord, head, tail) = Edges(first, count);
        var words = Live();
        if (word == lastWord)
        {
            words[word] &= ~(head & tail);
            return;
        }

        words[word] &= ~head;
        NativeMemory.Clear(words + word + 1, (nuint)(lastWord - word - 1) * sizeof(ulong));
        words[lastWord] &= ~tail;
    }

    /// <summary>The number of set pages.</summary>
    public ulong Count() => BitmapKernels.Count(Live(), WordCount);

    /// <summary>The number of set pages among <paramref name="count"/> pages from page <paramref name="first"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all within the bitmap's pages; nothing was done.</exception>
    public ulong Count(ulong first, ulong count)
    {
        Check(first, count);
        if (count == 0)
        {
            return 0;
        }

        var (word, lastWord, head, tail) = Edges(first, count);
        var words = Live();
        if (word == lastWord)
        {
            return ulong.PopCount(words[word] & head & tail);
        }

        return ulong.PopCount(words[word] & head) + BitmapKernels.Count(words + word + 1, (nuint)(lastWord - word - 1))
            + ulong.PopCount(words[lastWord] & tail);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_allocation);
        _allocation = null;
        _words = null;
    }

    /// <summary>The pages that <paramref name="range"/> touches.</summary>
    private (ulong First, ulong Count) PagesOf(IovaRange range)
    {
        CheckHolds(range);
        var first = PageOf(range.Start);
        return (first, PageOf(range.Last) - first + 1);
    }

    private void CheckHolds(IovaRange range)
    {
        if (!Range.Contains(range))
        {
            throw new ArgumentOutOfRangeException(nameof(range), range, $"Not within the bitmap's range {Range}.");
        }
    }

    private void Check(ulong first, ulong count)
    {
        if (first > PageCount || count > PageCount - first)
        {
            throw new ArgumentOutOfRangeException(nameof(first), first, $"{count} pages from there are not within the bitmap's {PageCount} pages.");
        }
    }

    private static (ulong Word, ulong LastWord, ulong Head, ulong Tail) Edges(ulong first, ulong count)
    {
        var last = first + count - 1;
        return (first / 64, last / 64, ulong.MaxValue << (int)(first % 64), ulong.MaxValue >> (int)(63 - last % 64));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong* Live()
    {
        ThrowIfDisposed();
        return _words;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_words is null, this);
}

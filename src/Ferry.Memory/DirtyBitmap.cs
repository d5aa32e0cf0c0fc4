using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ferry.Memory;

/// <summary>One bit a page of an IOVA range: the one bitmap that all trackers OR into.</summary>
/// <remarks>Native memory in 64-bit words; bit i is the page at <c>Range.Start + i * PageSize</c>. Bits beyond <see cref="PageCount"/> in the
/// last word are always zero. Whatever lies out of range throws <see cref="ArgumentOutOfRangeException"/> and changes nothing: a bit that is
/// dropped is a page that is lost. Not thread-safe, but for <see cref="SetPagesAtomic"/> beside <see cref="Drain(DirtyBitmap)"/>.</remarks>
public sealed unsafe partial class DirtyBitmap : IDisposable
{
    private const nuint AlignmentBytes = 64;

    private void* _allocation;
    private ulong* _words;

    /// <summary>An all-zero bitmap of <paramref name="range"/>.</summary>
    /// <exception cref="ArgumentException">The range is not made of whole pages of <paramref name="pageSize"/>.</exception>
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
    /// <exception cref="InvalidOperationException">There are more words than a span can hold.</exception>
    public Span<ulong> Words => WordCount <= int.MaxValue
        ? new(Live(), (int)WordCount)
        : throw new InvalidOperationException($"{WordCount} words don't fit into one span; take them by range.");

    /// <summary>Whether the first page of <paramref name="range"/> is the first bit of a word, and its end the end of a word or of the bitmap.</summary>
    public bool IsWordAligned(IovaRange range)
    {
        var (first, count) = PagesOf(range);
        return first % 64 == 0 && ((first + count) % 64 == 0 || first + count == PageCount) && range.IsAligned(PageSize);
    }

    /// <summary>The words of <paramref name="range"/>, which must be word-aligned (<see cref="IsWordAligned"/>).</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public Span<ulong> WordsOf(IovaRange range)
    {
        if (!IsWordAligned(range))
        {
            throw new ArgumentException($"The range {range} is not made of whole words of 64 pages of {PageSize}.", nameof(range));
        }

        var (first, count) = PagesOf(range);
        return new(Live() + (first / 64), checked((int)((count + 63) / 64)));
    }

    /// <summary>The index of the page that holds <paramref name="address"/>.</summary>
    public ulong PageOf(Iova address)
    {
        if (address < Range.Start || address > Range.Last)
        {
            throw new ArgumentOutOfRangeException(nameof(address), address, $"Not in the bitmap's range {Range}.");
        }

        return (address.Value - Range.Start.Value) >> PageSize.Shift;
    }

    /// <summary>Whether a page is set.</summary>
    public bool IsSet(ulong page)
    {
        Check(page, 1);
        return (Live()[page / 64] >> (int)(page % 64) & 1) != 0;
    }

    /// <summary>Sets every page that <paramref name="range"/> touches, be it only in part.</summary>
    public void Set(IovaRange range)
    {
        var (first, count) = PagesOf(range);
        SetPages(first, count);
    }

    /// <summary>Sets <paramref name="count"/> pages from page <paramref name="first"/>.</summary>
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

    /// <summary>Sets pages with interlocked operations and release order: safe beside other setters and a drain in other threads.</summary>
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
        if (!Range.Contains(range))
        {
            throw new ArgumentOutOfRangeException(nameof(range), range, $"Not within the bitmap's range {Range}.");
        }

        var first = PageOf(range.Start);
        return (first, PageOf(range.Last) - first + 1);
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

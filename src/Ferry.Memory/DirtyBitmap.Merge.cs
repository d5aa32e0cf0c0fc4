namespace Ferry.Memory;

public sealed unsafe partial class DirtyBitmap
{
    /// <summary>ORs <paramref name="other"/>, whose range lies in this one, into this bitmap.</summary>
    /// <remarks>Page sizes may differ: a coarser bit sets all the finer bits it stands for, a finer bit sets the coarser bit it lies in.</remarks>
    /// <returns>How many pages were newly set here.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The other's range does not lie in this one.</exception>
    public ulong Or(DirtyBitmap other)
    {
        CheckHolds(other.Range);
        return MergeWords(other.Live(), other.Range.Start, other.PageSize, other.PageCount);
    }

    /// <summary>ORs a raw report into this bitmap: bit 0 of <paramref name="words"/> is the page at <paramref name="start"/>.</summary>
    /// <remarks>Bits beyond <paramref name="pageCount"/> in the last word are ignored. Page sizes may differ, as in <see cref="Or(DirtyBitmap)"/>.</remarks>
    /// <returns>How many pages were newly set here.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The pages don't lie in this bitmap's range, or there are fewer words than the pages need.</exception>
    public ulong Or(ReadOnlySpan<ulong> words, Iova start, PageSize pageSize, ulong pageCount)
    {
        if (pageCount == 0)
        {
            return 0;
        }

        if (pageCount > (ulong)words.Length * 64)
        {
            throw new ArgumentOutOfRangeException(nameof(pageCount), pageCount, $"{words.Length} words hold fewer pages.");
        }

        if (pageCount > ulong.MaxValue >> pageSize.Shift)
        {
            throw new ArgumentOutOfRangeException(nameof(pageCount), pageCount, $"That many pages of {pageSize} exceed the address space.");
        }

        CheckHolds(new IovaRange(start, pageCount << pageSize.Shift));
        fixed (ulong* source = words)
        {
            return MergeWords(source, start, pageSize, pageCount);
        }
    }

    /// <summary>Moves every set page of this bitmap into <paramref name="into"/>: each word is exchanged with zero atomically.</summary>
    /// <remarks>A page that another thread sets meanwhile (<see cref="SetPagesAtomic"/>) is moved now or stays set; it is never lost.</remarks>
    /// <returns>How many pages were newly set in <paramref name="into"/>.</returns>
    public ulong Drain(DirtyBitmap into) => Drain(into, 0, PageCount);

    /// <summary>Moves the set pages among <paramref name="count"/> pages from page <paramref name="first"/> into <paramref name="into"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The pages don't lie in both bitmaps; nothing was moved.</exception>
    public ulong Drain(DirtyBitmap into, ulong first, ulong count)
    {
        Check(first, count);
        if (count == 0)
        {
            return 0;
        }

        into.CheckHolds(new IovaRange(AddressOf(first), count << PageSize.Shift));
        var (word, lastWord, head, tail) = Edges(first, count);
        var words = Live();
        ulong added = 0;
        for (var i = word; i <= lastWord; i++)
        {
            i += BitmapKernels.ZeroWords(words + i, (nuint)(lastWord - i + 1));
            if (i > lastWord)
            {
                break;
            }

            var mask = (i == word ? head : ulong.MaxValue) & (i == lastWord ? tail : ulong.MaxValue);
            var taken = mask == ulong.MaxValue ? Interlocked.Exchange(ref words[i], 0) : Interlocked.And(ref words[i], ~mask) & mask;
            added += into.MergeWord(taken, AddressOf(i * 64), PageSize);
        }

        return added;
    }

    private Iova AddressOf(ulong page) => new(Range.Start.Value + (page << PageSize.Shift));

    private void CheckHolds(IovaRange range)
    {
        if (!Range.Contains(range))
        {
            throw new ArgumentOutOfRangeException(nameof(range), range, $"Not within the bitmap's range {Range}.");
        }
    }

    /// <summary>The caller has checked that the pages lie in this bitmap's range.</summary>
    private ulong MergeWords(ulong* source, Iova start, PageSize pageSize, ulong pageCount)
    {
        var offset = start.Value - Range.Start.Value;
        if (pageSize == PageSize && (offset & (PageSize.Bytes - 1)) == 0)
        {
            return MergeSameSize(source, offset >> PageSize.Shift, pageCount);
        }

        ulong added = 0;
        var wordCount = (pageCount + 63) / 64;
        for (ulong i = 0; i < wordCount; i++)
        {
            i += BitmapKernels.ZeroWords(source + i, (nuint)(wordCount - i));
            if (i >= wordCount)
            {
                break;
            }

            var valid = i == wordCount - 1 ? ulong.MaxValue >> (int)(63 - (pageCount - 1) % 64) : ulong.MaxValue;
            added += MergeWord(source[i] & valid, new(start.Value + (i * 64 << pageSize.Shift)), pageSize);
        }

        return added;
    }

    private ulong MergeSameSize(ulong* source, ulong first, ulong pageCount)
    {
        var words = Live() + first / 64;
        var shift = (int)(first % 64);
        var whole = (nuint)(pageCount / 64);
        var rest = (int)(pageCount % 64);
        var added = shift == 0 ? BitmapKernels.Or(words, source, whole) : BitmapKernels.OrShifted(words, source, whole, shift);
        if (rest != 0)
        {
            var last = source[whole] & (ulong.MaxValue >> (64 - rest));
            added += BitmapKernels.OrWord(words + whole, last << shift);
            if (shift + rest > 64)
            {
                added += BitmapKernels.OrWord(words + whole + 1, last >> (64 - shift));
            }
        }

        return added;
    }

    /// <summary>ORs one word of pages of any size; bits that are not set may lie outside this bitmap.</summary>
    private ulong MergeWord(ulong bits, Iova start, PageSize pageSize)
    {
        ulong added = 0;
        while (bits != 0)
        {
            var from = (int)ulong.TrailingZeroCount(bits);
            var length = (int)ulong.TrailingZeroCount(~(bits >> from));
            length = Math.Min(length, 64 - from);
            bits = from + length == 64 ? 0 : bits & (ulong.MaxValue << (from + length));
            var offset = start.Value + ((ulong)from << pageSize.Shift) - Range.Start.Value;
            var first = offset >> PageSize.Shift;
            var last = (offset + (((ulong)length << pageSize.Shift) - 1)) >> PageSize.Shift;
            added += SetAndCount(first, last - first + 1);
        }

        return added;
    }

    private ulong SetAndCount(ulong first, ulong count)
    {
        var (word, lastWord, head, tail) = Edges(first, count);
        var words = Live();
        if (word == lastWord)
        {
            return BitmapKernels.OrWord(words + word, head & tail);
        }

        var set = Count(first, count);
        SetPages(first, count);
        return count - set;
    }
}

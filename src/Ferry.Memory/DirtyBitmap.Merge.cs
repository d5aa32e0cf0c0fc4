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
        return MergeWords(other.Live(), other.Range.Start.Value - Range.Start.Value, other.PageSize, other.PageCount);
    }

    /// <summary>ORs a raw report into this bitmap: bit 0 of <paramref name="words"/> is the page at <paramref name="start"/>.</summary>
    /// <remarks>Bits beyond <paramref name="pageCount"/> in the last word are ignored. Page sizes may differ, as in <see cref="Or(DirtyBitmap)"/>, and the
    /// start may lie at any address: every page that a set bit's page touches is set. What the words say decides no bound, so they may lie in
    /// memory that a peer writes meanwhile.</remarks>
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
            return MergeWords(source, start.Value - Range.Start.Value, pageSize, pageCount);
        }
    }

    /// <summary>Moves every set page of this bitmap into <paramref name="into"/>: each word is exchanged with zero atomically.</summary>
    /// <remarks>A page that another thread sets meanwhile (<see cref="SetPagesAtomic"/>) is moved now or stays set; it is never lost. What
    /// that thread wrote before it set the page is seen after the drain that moved it. Page sizes may differ, as in <see cref="Or(DirtyBitmap)"/>.</remarks>
    /// <returns>How many pages were newly set in <paramref name="into"/>.</returns>
    /// <exception cref="ArgumentException">It is this bitmap itself.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within that of <paramref name="into"/>; nothing was moved.</exception>
    public ulong Drain(DirtyBitmap into) => Drain(into, 0, PageCount);

    /// <summary>Moves the set pages among <paramref name="count"/> pages from page <paramref name="first"/> into <paramref name="into"/>.</summary>
    /// <remarks>As <see cref="Drain(DirtyBitmap)"/>.</remarks>
    /// <returns>How many pages were newly set in <paramref name="into"/>.</returns>
    /// <exception cref="ArgumentException">It is this bitmap itself.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The pages don't lie in both bitmaps; nothing was moved.</exception>
    public ulong Drain(DirtyBitmap into, ulong first, ulong count)
    {
        if (ReferenceEquals(into, this))
        {
            throw new ArgumentException("A bitmap can't be drained into itself.", nameof(into));
        }

        Check(first, count);
        if (count == 0)
        {
            return 0;
        }

        into.CheckHolds(new IovaRange(AddressOf(first), count << PageSize.Shift));
        // Before the first word is taken: what is taken must have a place.
        into.ThrowIfDisposed();
        var (word, lastWord, head, tail) = Edges(first, count);
        var words = Live();
        var wholeEnd = tail == ulong.MaxValue ? lastWord + 1 : lastWord;
        var inStep = PageSize == into.PageSize && (Range.Start.Value - into.Range.Start.Value >> PageSize.Shift) % 64 == 0;
        ulong added = 0;
        for (var i = word; i <= lastWord; i++)
        {
            i += BitmapScan.ZeroWords(words + i, (nuint)(lastWord - i + 1));
            if (i > lastWord)
            {
                break;
            }

            if (inStep && i < wholeEnd && (i > word || head == ulong.MaxValue))
            {
                var target = into.Live() + (AddressOf(i * 64).Value - into.Range.Start.Value >> PageSize.Shift) / 64;
                added += BitmapKernels.Drain(words + i, target, (nuint)(wholeEnd - i));
                i = wholeEnd - 1;
                continue;
            }

            var mask = (i == word ? head : ulong.MaxValue) & (i == lastWord ? tail : ulong.MaxValue);
            var taken = mask == ulong.MaxValue ? Interlocked.Exchange(ref words[i], 0) : Interlocked.And(ref words[i], ~mask) & mask;
            // The other bitmap may begin within this word, at the first page asked for at the latest.
            var skipped = i == word ? first % 64 : 0;
            added += into.MergeWord(taken >> (int)skipped, AddressOf(i * 64 + skipped).Value - into.Range.Start.Value, PageSize);
        }

        return added;
    }

    private Iova AddressOf(ulong page) => new(Range.Start.Value + (page << PageSize.Shift));

    /// <summary>The caller has checked that the pages lie in this bitmap's range.</summary>
    private ulong MergeWords(ulong* source, ulong offsetBytes, PageSize pageSize, ulong pageCount)
    {
        if (pageSize == PageSize && (offsetBytes & (PageSize.Bytes - 1)) == 0)
        {
            return MergeSameSize(source, offsetBytes >> PageSize.Shift, pageCount);
        }

        ulong added = 0;
        var lastWord = (pageCount - 1) / 64;
        for (ulong i = 0; i <= lastWord; i++)
        {
            i += BitmapScan.ZeroWords(source + i, (nuint)(lastWord - i + 1));
            if (i > lastWord)
            {
                break;
            }

            var valid = i == lastWord ? ulong.MaxValue >> (int)(63 - (pageCount - 1) % 64) : ulong.MaxValue;
            added += MergeWord(source[i] & valid, offsetBytes + (i * 64 << pageSize.Shift), pageSize);
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
        return rest == 0 ? added : added + BitmapKernels.OrBits(words + whole, (ulong)shift, source[whole] & (ulong.MaxValue >> (64 - rest)));
    }

    /// <summary>ORs 64 pages of any size, the first of them at an offset into this bitmap; those that are not set may lie beyond it.</summary>
    private ulong MergeWord(ulong bits, ulong offsetBytes, PageSize pageSize)
    {
        if (bits == 0)
        {
            return 0;
        }

        var shift = pageSize.Shift - PageSize.Shift;
        var finer = Math.Min(pageSize.Shift, PageSize.Shift);
        if ((offsetBytes & ((1UL << finer) - 1)) == 0)
        {
            var at = offsetBytes >> PageSize.Shift;
            switch (shift)
            {
                case 0:
                    return BitmapKernels.OrBits(Live(), at, bits);
                case > 0 and <= 5 when BitmapResize.IsSupported:
                    return MergeWider(bits, at, shift);
                case < 0 and >= -6 when BitmapResize.IsSupported:
                    return MergeNarrower(bits, at, -shift, (int)((offsetBytes & (PageSize.Bytes - 1)) >> pageSize.Shift));
                case < -6 when (offsetBytes & ((64UL << pageSize.Shift) - 1)) == 0:
                    // All 64 lie in one page.
                    return BitmapKernels.OrBits(Live(), at, 1);
            }
        }

        return MergeRuns(bits, offsetBytes, pageSize);
    }

    private ulong MergeWider(ulong bits, ulong at, int shift)
    {
        var words = Live();
        ulong added = 0;
        for (; bits != 0; bits >>= 64 >> shift, at += 64)
        {
            var spread = BitmapResize.Spread(bits, shift);
            added += spread == 0 ? 0 : BitmapKernels.OrBits(words, at, spread);
        }

        return added;
    }

    /// <param name="bits">The finer pages.</param>
    /// <param name="at">The page of this bitmap that the first lies in.</param>
    /// <param name="shift">The logarithm of how many of them are one page here.</param>
    /// <param name="lead">How many finer pages of that page lie before the first.</param>
    private ulong MergeNarrower(ulong bits, ulong at, int shift, int lead)
    {
        var words = Live();
        var folded = BitmapResize.Fold(bits << lead, shift);
        var carried = bits >> 1 >> (63 - lead);
        var added = folded == 0 ? 0 : BitmapKernels.OrBits(words, at, folded);
        return carried == 0 ? added : added + BitmapKernels.OrBits(words, at + (64UL >> shift), BitmapResize.Fold(carried, shift));
    }

    private ulong MergeRuns(ulong bits, ulong offsetBytes, PageSize pageSize)
    {
        ulong added = 0;
        while (bits != 0)
        {
            var from = (int)ulong.TrailingZeroCount(bits);
            var length = (int)ulong.TrailingZeroCount(~(bits >> from));
            length = Math.Min(length, 64 - from);
            bits = from + length == 64 ? 0 : bits & (ulong.MaxValue << (from + length));
            var start = offsetBytes + ((ulong)from << pageSize.Shift);
            var first = start >> PageSize.Shift;
            var last = (start + (((ulong)length << pageSize.Shift) - 1)) >> PageSize.Shift;
            added += SetAndCount(first, last - first + 1);
        }

        return added;
    }

    private ulong SetAndCount(ulong first, ulong count)
    {
        var (word, lastWord, head, tail) = Edges(first, count);
        var words = Live();
        return word == lastWord
            ? BitmapKernels.OrWord(words + word, head & tail)
            : BitmapKernels.OrWord(words + word, head) + BitmapKernels.Fill(words + word + 1, (nuint)(lastWord - word - 1)) + BitmapKernels.OrWord(words + lastWord, tail);
    }
}

namespace Ferry.Benchmarks.Bitmap;

/// <summary>What one would write first: a page or a word at a time, without vectors and without skipping.</summary>
internal static class NaiveLoops
{
    public static ulong OrCount(Span<ulong> into, ReadOnlySpan<ulong> from)
    {
        ulong added = 0;
        for (var i = 0; i < into.Length; i++)
        {
            var before = into[i];
            into[i] = before | from[i];
            added += ulong.PopCount(before ^ into[i]);
        }

        return added;
    }

    public static ulong OrCountShifted(Span<ulong> into, ReadOnlySpan<ulong> from, int shift)
    {
        ulong added = 0;
        for (var page = 0UL; page < (ulong)from.Length * 64; page++)
        {
            if (IsSet(from, page))
            {
                added += Set(into, page + (ulong)shift);
            }
        }

        return added;
    }

    public static ulong Count(ReadOnlySpan<ulong> words)
    {
        ulong set = 0;
        foreach (var word in words)
        {
            set += ulong.PopCount(word);
        }

        return set;
    }

    public static ulong Runs(ReadOnlySpan<ulong> words)
    {
        ulong sum = 0;
        var pages = (ulong)words.Length * 64;
        for (ulong page = 0; page < pages; page++)
        {
            if (!IsSet(words, page))
            {
                continue;
            }

            var first = page;
            while (page < pages && IsSet(words, page))
            {
                page++;
            }

            sum += first ^ (page - first);
        }

        return sum;
    }

    public static ulong Drain(Span<ulong> from, Span<ulong> into)
    {
        ulong added = 0;
        for (var i = 0; i < from.Length; i++)
        {
            var taken = Interlocked.Exchange(ref from[i], 0);
            added += ulong.PopCount(taken & ~into[i]);
            into[i] |= taken;
        }

        return added;
    }

    public static ulong Widen(Span<ulong> into, ReadOnlySpan<ulong> from, ulong ratio)
    {
        ulong added = 0;
        for (ulong page = 0; page < (ulong)into.Length * 64; page++)
        {
            if (IsSet(from, page / ratio))
            {
                added += Set(into, page);
            }
        }

        return added;
    }

    public static ulong Narrow(Span<ulong> into, ReadOnlySpan<ulong> from, ulong ratio)
    {
        ulong added = 0;
        for (ulong page = 0; page < (ulong)from.Length * 64; page++)
        {
            if (IsSet(from, page))
            {
                added += Set(into, page / ratio);
            }
        }

        return added;
    }

    private static bool IsSet(ReadOnlySpan<ulong> words, ulong page) => (words[(int)(page / 64)] >> (int)(page % 64) & 1) != 0;

    private static ulong Set(Span<ulong> words, ulong page)
    {
        ref var word = ref words[(int)(page / 64)];
        var bit = 1UL << (int)(page % 64);
        var added = (word & bit) == 0 ? 1UL : 0;
        word |= bit;
        return added;
    }
}

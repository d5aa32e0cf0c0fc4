using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Ferry.Memory;

/// <summary>The inner loops of <see cref="DirtyBitmap"/> that skip what is all clean or all dirty; the caller has checked every bound.</summary>
internal static unsafe class BitmapScan
{
    /// <summary>The number of words that are zero before the first that is not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint ZeroWords(ulong* words, nuint count) => EqualWords(words, count, 0);

    /// <summary>The number of words that equal <paramref name="value"/> before the first that does not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint EqualWords(ulong* words, nuint count, ulong value) =>
        // Dense bitmaps ask this word by word.
        count == 0 || words[0] != value ? 0 : EqualWordsFrom(words, count, value);

    /// <summary>Finds the next run of set bits in [from, end), clipped to it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryNextRun(ulong* words, ulong from, ulong end, out ulong first, out ulong count)
    {
        first = end;
        count = 0;
        if (from >= end)
        {
            return false;
        }

        var word = from / 64;
        var lastWord = (end - 1) / 64;
        var bits = words[word] & (ulong.MaxValue << (int)(from % 64));
        if (bits == 0)
        {
            word++;
            word += EqualWords(words + word, (nuint)(lastWord + 1 - word), 0);
            if (word > lastWord)
            {
                return false;
            }

            bits = words[word];
        }

        var start = (int)ulong.TrailingZeroCount(bits);
        var at = word * 64 + (ulong)start;
        if (at >= end)
        {
            return false;
        }

        // The clear bits above the first that is set.
        bits = ~bits & (ulong.MaxValue << start);
        if (bits == 0)
        {
            word++;
            word += EqualWords(words + word, (nuint)(lastWord + 1 - word), ulong.MaxValue);
            bits = word > lastWord ? 0 : ~words[word];
        }

        first = at;
        count = Math.Min(end, word * 64 + ulong.TrailingZeroCount(bits)) - at;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static nuint EqualWordsFrom(ulong* words, nuint count, ulong value)
    {
        nuint i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            var wanted = Vector512.Create(value);
            for (; i + 8 <= count; i += 8)
            {
                var equal = Vector512.Equals(Vector512.Load(words + i), wanted).ExtractMostSignificantBits();
                if (equal != 0xff)
                {
                    return i + (nuint)ulong.TrailingZeroCount(~equal);
                }
            }
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            var wanted = Vector256.Create(value);
            for (; i + 4 <= count; i += 4)
            {
                var equal = Vector256.Equals(Vector256.Load(words + i), wanted).ExtractMostSignificantBits();
                if (equal != 0xf)
                {
                    return i + (nuint)uint.TrailingZeroCount(~equal);
                }
            }
        }

        while (i < count && words[i] == value)
        {
            i++;
        }

        return i;
    }
}

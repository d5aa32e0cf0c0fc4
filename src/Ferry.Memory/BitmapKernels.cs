using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Ferry.Memory;

/// <summary>The inner loops of <see cref="DirtyBitmap"/>, on bare words; the caller has checked every bound.</summary>
internal static unsafe class BitmapKernels
{
    /// <summary>ORs one word and counts the bits that it added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OrWord(ulong* target, ulong bits)
    {
        var before = *target;
        *target = before | bits;
        return ulong.PopCount(bits & ~before);
    }

    /// <summary>ORs <paramref name="count"/> words and counts the bits that they added.</summary>
    public static ulong Or(ulong* target, ulong* source, nuint count)
    {
        nuint i = 0;
        ulong added = 0;
        if (Vector512.IsHardwareAccelerated && Avx512BW.IsSupported)
        {
            var sums0 = Vector512<ulong>.Zero;
            var sums1 = Vector512<ulong>.Zero;
            for (; i + 16 <= count; i += 16)
            {
                var before0 = Vector512.Load(target + i);
                var bits0 = Vector512.Load(source + i);
                var before1 = Vector512.Load(target + i + 8);
                var bits1 = Vector512.Load(source + i + 8);
                Vector512.Store(before0 | bits0, target + i);
                Vector512.Store(before1 | bits1, target + i + 8);
                sums0 += PopCount(Vector512.AndNot(bits0, before0));
                sums1 += PopCount(Vector512.AndNot(bits1, before1));
            }

            added = Vector512.Sum(sums0 + sums1);
        }
        else if (Avx2.IsSupported)
        {
            var sums = Vector256<ulong>.Zero;
            for (; i + 4 <= count; i += 4)
            {
                var before = Vector256.Load(target + i);
                var bits = Vector256.Load(source + i);
                Vector256.Store(before | bits, target + i);
                sums += PopCount(Vector256.AndNot(bits, before));
            }

            added = Vector256.Sum(sums);
        }

        for (; i < count; i++)
        {
            added += OrWord(target + i, source[i]);
        }

        return added;
    }

    /// <summary>ORs <paramref name="count"/> words, moved up by <paramref name="shift"/> bits (1 to 63), and counts the bits that they added.</summary>
    /// <remarks>Touches the word behind the last one only where bits are carried into it.</remarks>
    public static ulong OrShifted(ulong* target, ulong* source, nuint count, int shift)
    {
        ulong added = 0;
        ulong carry = 0;
        for (nuint i = 0; i < count; i++)
        {
            var bits = source[i];
            added += OrWord(target + i, (bits << shift) | carry);
            carry = bits >> (64 - shift);
        }

        return carry == 0 ? added : added + OrWord(target + count, carry);
    }

    /// <summary>The number of set bits.</summary>
    public static ulong Count(ulong* words, nuint count)
    {
        nuint i = 0;
        ulong set = 0;
        if (Vector512.IsHardwareAccelerated && Avx512BW.IsSupported)
        {
            var sums0 = Vector512<ulong>.Zero;
            var sums1 = Vector512<ulong>.Zero;
            for (; i + 16 <= count; i += 16)
            {
                sums0 += PopCount(Vector512.Load(words + i));
                sums1 += PopCount(Vector512.Load(words + i + 8));
            }

            set = Vector512.Sum(sums0 + sums1);
        }
        else if (Avx2.IsSupported)
        {
            var sums = Vector256<ulong>.Zero;
            for (; i + 4 <= count; i += 4)
            {
                sums += PopCount(Vector256.Load(words + i));
            }

            set = Vector256.Sum(sums);
        }

        for (; i < count; i++)
        {
            set += ulong.PopCount(words[i]);
        }

        return set;
    }

    /// <summary>The number of words that are zero before the first that is not.</summary>
    public static nuint ZeroWords(ulong* words, nuint count) => EqualWords(words, count, 0);

    /// <summary>The number of words that equal <paramref name="value"/> before the first that does not.</summary>
    public static nuint EqualWords(ulong* words, nuint count, ulong value)
    {
        nuint i = 0;
        if (count == 0 || words[0] != value)
        {
            return 0;
        }

        if (Vector512.IsHardwareAccelerated)
        {
            var wanted = Vector512.Create(value);
            while (i + 32 <= count
                && (((Vector512.Load(words + i) ^ wanted) | (Vector512.Load(words + i + 8) ^ wanted))
                    | ((Vector512.Load(words + i + 16) ^ wanted) | (Vector512.Load(words + i + 24) ^ wanted))) == Vector512<ulong>.Zero)
            {
                i += 32;
            }
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            var wanted = Vector256.Create(value);
            while (i + 8 <= count && ((Vector256.Load(words + i) ^ wanted) | (Vector256.Load(words + i + 4) ^ wanted)) == Vector256<ulong>.Zero)
            {
                i += 8;
            }
        }

        while (i < count && words[i] == value)
        {
            i++;
        }

        return i;
    }

    /// <summary>The population count of each lane: nibbles looked up in a table, then summed over the lane's bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> PopCount(Vector512<ulong> value)
    {
        var table = Vector512.Create(NibbleCounts256, NibbleCounts256);
        var low = value.AsByte() & Vector512.Create((byte)0x0f);
        var high = Vector512.ShiftRightLogical(value.AsUInt16(), 4).AsByte() & Vector512.Create((byte)0x0f);
        var counts = Avx512BW.Shuffle(table, low) + Avx512BW.Shuffle(table, high);
        return Avx512BW.SumAbsoluteDifferences(counts, Vector512<byte>.Zero).AsUInt64();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> PopCount(Vector256<ulong> value)
    {
        var low = value.AsByte() & Vector256.Create((byte)0x0f);
        var high = Vector256.ShiftRightLogical(value.AsUInt16(), 4).AsByte() & Vector256.Create((byte)0x0f);
        var counts = Avx2.Shuffle(NibbleCounts256, low) + Avx2.Shuffle(NibbleCounts256, high);
        return Avx2.SumAbsoluteDifferences(counts, Vector256<byte>.Zero).AsUInt64();
    }

    private static Vector256<byte> NibbleCounts256 => Vector256.Create(
        (byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
}

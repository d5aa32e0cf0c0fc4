using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Ferry.Memory;

/// <summary>The inner loops of <see cref="DirtyBitmap"/> that OR and count, on bare words; the caller has checked every bound.</summary>
/// <remarks>Compiled with full optimisation at the first call: a bitmap is often walked only once before a switchover.</remarks>
internal static unsafe class BitmapKernels
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    /// <summary>Vectors whose counts may be added up in bytes: each adds 8 at most.</summary>
    private const nuint VectorsPerByteSum = 31;

    /// <summary>ORs one word and counts the bits that it added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OrWord(ulong* target, ulong bits)
    {
        var before = *target;
        *target = before | bits;
        return ulong.PopCount(bits & ~before);
    }

    /// <summary>ORs 64 bits at any bit offset and counts the bits that it added; touches a second word only where bits fall into it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OrBits(ulong* words, ulong at, ulong bits)
    {
        var shift = (int)(at % 64);
        var target = words + at / 64;
        var added = OrWord(target, bits << shift);
        // Two shifts, for one by 64 would be one by 0.
        var carried = bits >> 1 >> (63 - shift);
        return carried == 0 ? added : added + OrWord(target + 1, carried);
    }

    /// <summary>ORs <paramref name="count"/> words and counts the bits that they added.</summary>
    [MethodImpl(Hot)]
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
                var before1 = Vector512.Load(target + i + 8);
                var bits0 = Vector512.Load(source + i);
                var bits1 = Vector512.Load(source + i + 8);
                Vector512.Store(before0 | bits0, target + i);
                Vector512.Store(before1 | bits1, target + i + 8);
                sums0 += SumBytes(CountBytes(Vector512.AndNot(bits0, before0)));
                sums1 += SumBytes(CountBytes(Vector512.AndNot(bits1, before1)));
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
                sums += SumBytes(CountBytes(Vector256.AndNot(bits, before)));
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
    [MethodImpl(Hot)]
    public static ulong OrShifted(ulong* target, ulong* source, nuint count, int shift)
    {
        if (count == 0)
        {
            return 0;
        }

        var added = OrWord(target, source[0] << shift);
        nuint i = 1;
        if (Vector512.IsHardwareAccelerated && Avx512BW.IsSupported)
        {
            var sums = Vector512<ulong>.Zero;
            for (; i + 8 <= count; i += 8)
            {
                var before = Vector512.Load(target + i);
                var bits = (Vector512.Load(source + i) << shift) | (Vector512.Load(source + i - 1) >>> (64 - shift));
                Vector512.Store(before | bits, target + i);
                sums += SumBytes(CountBytes(Vector512.AndNot(bits, before)));
            }

            added += Vector512.Sum(sums);
        }
        else if (Avx2.IsSupported)
        {
            var sums = Vector256<ulong>.Zero;
            for (; i + 4 <= count; i += 4)
            {
                var before = Vector256.Load(target + i);
                var bits = (Vector256.Load(source + i) << shift) | (Vector256.Load(source + i - 1) >>> (64 - shift));
                Vector256.Store(before | bits, target + i);
                sums += SumBytes(CountBytes(Vector256.AndNot(bits, before)));
            }

            added += Vector256.Sum(sums);
        }

        for (; i < count; i++)
        {
            added += OrWord(target + i, (source[i] << shift) | (source[i - 1] >> (64 - shift)));
        }

        var carried = source[count - 1] >> (64 - shift);
        return carried == 0 ? added : added + OrWord(target + count, carried);
    }

    /// <summary>Exchanges <paramref name="count"/> words with zero, each atomically, ORs them into others and counts the bits that this added there.</summary>
    [MethodImpl(Hot)]
    public static ulong Drain(ulong* source, ulong* target, nuint count)
    {
        ulong added = 0;
        for (nuint i = 0; i < count; i++)
        {
            if (source[i] == 0)
            {
                i += BitmapScan.EqualWords(source + i, count - i, 0);
                if (i >= count)
                {
                    break;
                }
            }

            added += OrWord(target + i, Interlocked.Exchange(ref source[i], 0));
        }

        return added;
    }

    /// <summary>Sets every bit of <paramref name="count"/> words and counts those that were not set.</summary>
    public static ulong Fill(ulong* words, nuint count)
    {
        nuint i = 0;
        ulong added = 0;
        if (Vector512.IsHardwareAccelerated && Avx512BW.IsSupported)
        {
            for (; i + 8 <= count; i += 8)
            {
                var clear = ~Vector512.Load(words + i);
                Vector512.Store(Vector512<ulong>.AllBitsSet, words + i);
                added += Vector512.Sum(SumBytes(CountBytes(clear)));
            }
        }

        for (; i < count; i++)
        {
            added += OrWord(words + i, ulong.MaxValue);
        }

        return added;
    }

    /// <summary>The number of set bits.</summary>
    [MethodImpl(Hot)]
    public static ulong Count(ulong* words, nuint count)
    {
        nuint i = 0;
        ulong set = 0;
        if (Vector512.IsHardwareAccelerated && Avx512BW.IsSupported)
        {
            var sums = Vector512<ulong>.Zero;
            while (i + 16 <= count)
            {
                var bytes0 = Vector512<byte>.Zero;
                var bytes1 = Vector512<byte>.Zero;
                var end = i + Math.Min((count - i) / 16, VectorsPerByteSum) * 16;
                for (; i < end; i += 16)
                {
                    bytes0 += CountBytes(Vector512.Load(words + i));
                    bytes1 += CountBytes(Vector512.Load(words + i + 8));
                }

                sums += SumBytes(bytes0) + SumBytes(bytes1);
            }

            set = Vector512.Sum(sums);
        }
        else if (Avx2.IsSupported)
        {
            var sums = Vector256<ulong>.Zero;
            while (i + 4 <= count)
            {
                var bytes = Vector256<byte>.Zero;
                var end = i + Math.Min((count - i) / 4, VectorsPerByteSum) * 4;
                for (; i < end; i += 4)
                {
                    bytes += CountBytes(Vector256.Load(words + i));
                }

                sums += SumBytes(bytes);
            }

            set = Vector256.Sum(sums);
        }

        for (; i < count; i++)
        {
            set += ulong.PopCount(words[i]);
        }

        return set;
    }

    /// <summary>The population count of each byte: its two nibbles looked up in a table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> CountBytes(Vector512<ulong> value)
    {
        var table = Vector512.Create(
            (byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
            0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        var low = value.AsByte() & Vector512.Create((byte)0x0f);
        var high = (value >>> 4).AsByte() & Vector512.Create((byte)0x0f);
        return Avx512BW.Shuffle(table, low) + Avx512BW.Shuffle(table, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> CountBytes(Vector256<ulong> value)
    {
        var table = Vector256.Create(
            (byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        var low = value.AsByte() & Vector256.Create((byte)0x0f);
        var high = (value >>> 4).AsByte() & Vector256.Create((byte)0x0f);
        return Avx2.Shuffle(table, low) + Avx2.Shuffle(table, high);
    }

    /// <summary>The sum of each lane's 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> SumBytes(Vector512<byte> bytes) => Avx512BW.SumAbsoluteDifferences(bytes, Vector512<byte>.Zero).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> SumBytes(Vector256<byte> bytes) => Avx2.SumAbsoluteDifferences(bytes, Vector256<byte>.Zero).AsUInt64();
}

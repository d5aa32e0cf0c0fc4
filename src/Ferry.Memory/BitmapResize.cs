using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Ferry.Memory;

/// <summary>Turns 64 pages of one size into pages of another, a word at a time.</summary>
internal static class BitmapResize
{
    /// <summary>Whether the processor can do it; where it can't, runs of bits are set one by one.</summary>
    public static bool IsSupported => Bmi2.X64.IsSupported;

    /// <summary>Each of the lowest 64 &gt;&gt; <paramref name="shift"/> bits becomes 1 &lt;&lt; <paramref name="shift"/> bits; the shift is 1 to 5.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Spread(ulong bits, int shift)
    {
        var lowest = Bmi2.X64.ParallelBitDeposit(bits, FirstOfEach(shift));
        return (lowest << (1 << shift)) - lowest;
    }

    /// <summary>Each group of 1 &lt;&lt; <paramref name="shift"/> bits becomes one bit, set where any of the group is; the shift is 1 to 6.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Fold(ulong bits, int shift)
    {
        for (var i = 0; i < shift; i++)
        {
            bits |= bits >> (1 << i);
        }

        return Bmi2.X64.ParallelBitExtract(bits, FirstOfEach(shift));
    }

    /// <summary>The first bit of every group of 1 &lt;&lt; <paramref name="shift"/> bits.</summary>
    private static ulong FirstOfEach(int shift) => shift switch
    {
        1 => 0x5555_5555_5555_5555,
        2 => 0x1111_1111_1111_1111,
        3 => 0x0101_0101_0101_0101,
        4 => 0x0001_0001_0001_0001,
        5 => 0x0000_0001_0000_0001,
        _ => 1,
    };
}

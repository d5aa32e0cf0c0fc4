using System.Numerics;

namespace Ferry.Memory;

/// <summary>A page size: a power of two of at least 4 KiB, which is also the default value.</summary>
public readonly record struct PageSize : IComparable<PageSize>
{
    /// <summary>Beyond that of 4 KiB, so that the default value equals it.</summary>
    private readonly byte _extraShift;

    /// <summary>The page size of <paramref name="bytes"/> bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a power of two, or below 4096.</exception>
    public PageSize(ulong bytes)
    {
        if (!BitOperations.IsPow2(bytes) || bytes < 4096)
        {
            throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "A page size is a power of two of at least 4096 bytes.");
        }

        _extraShift = (byte)(BitOperations.Log2(bytes) - 12);
    }

    /// <summary>4 KiB.</summary>
    public static PageSize Size4K { get; } = new(4096);

    /// <summary>2 MiB.</summary>
    public static PageSize Size2M { get; } = new(2 << 20);

    /// <summary>The size in bytes.</summary>
    public ulong Bytes => 1UL << Shift;

    /// <summary>The base-2 logarithm of the size; 12 for 4 KiB.</summary>
    public int Shift => 12 + _extraShift;

    /// <inheritdoc/>
    public int CompareTo(PageSize other) => Shift.CompareTo(other.Shift);

    /// <inheritdoc/>
    public override string ToString() => Shift switch
    {
        < 20 => $"{Bytes >> 10}K",
        < 30 => $"{Bytes >> 20}M",
        _ => $"{Bytes >> 30}G",
    };

    /// <summary>Whether <paramref name="left"/> is the smaller size.</summary>
    public static bool operator <(PageSize left, PageSize right) => left.Shift < right.Shift;

    /// <summary>Whether <paramref name="left"/> is the larger size.</summary>
    public static bool operator >(PageSize left, PageSize right) => left.Shift > right.Shift;

    /// <summary>Whether <paramref name="left"/> is no larger.</summary>
    public static bool operator <=(PageSize left, PageSize right) => left.Shift <= right.Shift;

    /// <summary>Whether <paramref name="left"/> is no smaller.</summary>
    public static bool operator >=(PageSize left, PageSize right) => left.Shift >= right.Shift;
}

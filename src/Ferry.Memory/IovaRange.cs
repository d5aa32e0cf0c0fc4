namespace Ferry.Memory;

/// <summary>A non-empty range of I/O virtual addresses that does not wrap; the default value is none.</summary>
public readonly record struct IovaRange
{
    /// <summary>The range of <paramref name="lengthBytes"/> bytes from <paramref name="start"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is zero, or the last byte lies beyond 2^64 - 1.</exception>
    public IovaRange(Iova start, ulong lengthBytes)
    {
        if (lengthBytes == 0 || start.Value + (lengthBytes - 1) < start.Value)
        {
            throw new ArgumentOutOfRangeException(nameof(lengthBytes), lengthBytes, $"A range from {start} of that length is empty or wraps.");
        }

        Start = start;
        LengthBytes = lengthBytes;
    }

    /// <summary>The first address.</summary>
    public Iova Start { get; }

    /// <summary>The length in bytes; never zero for a constructed range.</summary>
    public ulong LengthBytes { get; }

    /// <summary>The last address, inclusive; meaningless for the default value.</summary>
    public Iova Last => new(Start.Value + (LengthBytes - 1));

    /// <summary>Whether every address of <paramref name="other"/> lies in this range. The default value holds nothing and lies in nothing.</summary>
    public bool Contains(IovaRange other) => LengthBytes != 0 && other.LengthBytes != 0 && other.Start >= Start && other.Last <= Last;

    /// <summary>Whether the two ranges share an address. The default value overlaps nothing.</summary>
    public bool Overlaps(IovaRange other) => LengthBytes != 0 && other.LengthBytes != 0 && other.Start <= Last && Start <= other.Last;

    /// <summary>Whether the first address and the length are multiples of <paramref name="pageSize"/>.</summary>
    public bool IsAligned(PageSize pageSize) => ((Start.Value | LengthBytes) & (pageSize.Bytes - 1)) == 0;

    /// <inheritdoc/>
    public override string ToString() => $"0x{Start.Value:x}-0x{Last.Value:x}";
}

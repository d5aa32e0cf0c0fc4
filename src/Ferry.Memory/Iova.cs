namespace Ferry.Memory;

/// <summary>An I/O virtual address, the address a DMA source uses, in bytes. For vCPUs it is the guest physical address.</summary>
public readonly record struct Iova(ulong Value) : IComparable<Iova>
{
    /// <inheritdoc/>
    public int CompareTo(Iova other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => $"iova 0x{Value:x}";

    /// <summary>Whether <paramref name="left"/> lies below <paramref name="right"/>.</summary>
    public static bool operator <(Iova left, Iova right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> lies above <paramref name="right"/>.</summary>
    public static bool operator >(Iova left, Iova right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> lies at or below <paramref name="right"/>.</summary>
    public static bool operator <=(Iova left, Iova right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> lies at or above <paramref name="right"/>.</summary>
    public static bool operator >=(Iova left, Iova right) => left.Value >= right.Value;
}

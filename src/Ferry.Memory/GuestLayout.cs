namespace Ferry.Memory;

/// <summary>Where guest memory lies: from 0 up to a hole below 4 GiB, which is left to devices, and on from 4 GiB.</summary>
public static class GuestLayout
{
    /// <summary>Where the hole begins: 3 GiB.</summary>
    public const ulong HoleStart = 3UL << 30;

    /// <summary>Where the hole ends, exclusive: 4 GiB.</summary>
    public const ulong HoleEnd = 4UL << 30;

    /// <summary>The regions of <paramref name="lengthBytes"/> bytes of memory, sorted; both start and end at whole pages of <paramref name="pageSize"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is zero, not made of whole pages of <paramref name="pageSize"/>, or beyond 2^46 bytes; or
    /// the pages are larger than 1 GiB, so that the hole would split one.</exception>
    public static IReadOnlyList<(Gpa Start, ulong LengthBytes)> Of(ulong lengthBytes, PageSize pageSize)
    {
        if (lengthBytes == 0 || (lengthBytes & (pageSize.Bytes - 1)) != 0 || lengthBytes > 1UL << 46)
        {
            throw new ArgumentOutOfRangeException(nameof(lengthBytes), lengthBytes, $"Guest memory is made of whole pages of {pageSize}, at most 64 TiB.");
        }

        if (((HoleStart | HoleEnd) & (pageSize.Bytes - 1)) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(pageSize), pageSize, "The hole below 4 GiB splits pages larger than 1 GiB.");
        }

        return lengthBytes <= HoleStart
            ? [(new(0), lengthBytes)]
            : [(new(0), HoleStart), (new(HoleEnd), lengthBytes - HoleStart)];
    }
}

using System.Numerics;
using Ferry.Memory;
using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Server;

/// <summary>What commands that ask for dirty bitmaps have in common.</summary>
internal static class BitmapFields
{
    private const ulong MinPageBytes = 4096;

    /// <exception cref="VfioUserException">EINVAL: not a power of two of at least 4 KiB.</exception>
    internal static PageSize ReadPageSize(in CommandContext context, ref PayloadReader reader)
    {
        var bytes = reader.UInt64();
        context.Require(BitOperations.IsPow2(bytes) && bytes >= MinPageBytes, "not a page size", bytes, MinPageBytes);
        return new PageSize(bytes);
    }

    /// <summary>The bytes, in whole 64-bit words, of a bitmap of <paramref name="range"/>.</summary>
    /// <exception cref="VfioUserException">EINVAL: not aligned to the page size, or more than <paramref name="maxBytes"/>.</exception>
    internal static int BytesFor(in CommandContext context, IovaRange range, PageSize pageSize, int maxBytes)
    {
        context.Require(range.IsAligned(pageSize), "the range is not made of whole pages of that size", range.LengthBytes, pageSize.Bytes);
        var pages = range.LengthBytes >> pageSize.Shift;
        var bytes = ((pages + 63) / 64) * sizeof(ulong);
        context.Require(bytes <= (ulong)maxBytes, "the bitmap would be too large", bytes, (ulong)maxBytes);
        return (int)bytes;
    }
}

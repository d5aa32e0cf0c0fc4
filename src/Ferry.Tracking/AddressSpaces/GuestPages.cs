using Ferry.Memory;

namespace Ferry.Tracking.AddressSpaces;

/// <summary>Sets ranges of guest memory in the bitmaps that hold them.</summary>
internal static class GuestPages
{
    /// <summary>Sets every page that <paramref name="range"/> touches in those of <paramref name="memory"/> that it lies in, be it in part.</summary>
    public static void Set(IovaRange range, ReadOnlySpan<DirtyBitmap> memory)
    {
        foreach (var bitmap in memory)
        {
            if (bitmap.Range.Overlaps(range))
            {
                var start = Math.Max(bitmap.Range.Start.Value, range.Start.Value);
                bitmap.Set(new(new(start), Math.Min(bitmap.Range.Last.Value, range.Last.Value) - start + 1));
            }
        }
    }
}

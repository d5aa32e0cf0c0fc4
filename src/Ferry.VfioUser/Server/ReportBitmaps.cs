using Ferry.Memory;

namespace Ferry.VfioUser.Server;

/// <summary>The bitmaps that reports go through, kept because a client asks for the same ranges in every round.</summary>
internal sealed class ReportBitmaps
{
    // Together with the limit of one bitmap this bounds what a client can make the server hold.
    private const int MaxKept = 128;
    private readonly Dictionary<(IovaRange Range, PageSize PageSize), DirtyBitmap> _kept = [];

    /// <summary>Gives a bitmap of <paramref name="range"/> that is all zero, valid until the next call.</summary>
    internal DirtyBitmap Get(IovaRange range, PageSize pageSize)
    {
        if (_kept.TryGetValue((range, pageSize), out var bitmap))
        {
            bitmap.Clear();
            return bitmap;
        }

        if (_kept.Count == MaxKept)
        {
            Clear();
        }

        return _kept[(range, pageSize)] = new DirtyBitmap(range, pageSize);
    }

    internal void Clear()
    {
        foreach (var bitmap in _kept.Values)
        {
            bitmap.Dispose();
        }

        _kept.Clear();
    }
}

namespace Ferry.Memory;

/// <summary>One bit a page of an IOVA range: the one bitmap that all trackers OR into.</summary>
public sealed class DirtyBitmap : IDisposable
{
    /// <summary>An all-zero bitmap.</summary>
    public DirtyBitmap(IovaRange range, PageSize pageSize) => (Range, PageSize) = (range, pageSize);

    /// <summary>What it covers; the first bit is the first page.</summary>
    public IovaRange Range { get; }

    /// <summary>The size that one bit stands for.</summary>
    public PageSize PageSize { get; }

    /// <inheritdoc/>
    public void Dispose() { }
}

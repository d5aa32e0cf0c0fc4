using Ferry.Memory;

namespace Ferry.Devices.Dma;

/// <summary>What a device can log.</summary>
/// <param name="PageSizes">The page sizes; empty where it can't log.</param>
/// <param name="MaxRanges">The most ranges.</param>
/// <param name="MaxBitmapBytes">The most bytes of bitmap, all ranges together.</param>
public sealed record DmaLogLimits(IReadOnlyList<PageSize> PageSizes, int MaxRanges, ulong MaxBitmapBytes)
{
    /// <summary>What is reported.</summary>
    public DmaLogMode Mode { get; init; }

    /// <summary>The most pages of 4 KiB that may be pinned at a time: by default 1,048,576, which is 4 GiB.</summary>
    public int MaxPinnedPages { get; init; } = 1 << 20;
}

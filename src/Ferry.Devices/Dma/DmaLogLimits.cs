using Ferry.Memory;

namespace Ferry.Devices.Dma;

/// <summary>What a device can log.</summary>
/// <param name="PageSizes">The page sizes; empty where it can't log.</param>
/// <param name="MaxRanges">The most ranges.</param>
/// <param name="MaxBitmapBytes">The most bytes of bitmap, all ranges together.</param>
public sealed record DmaLogLimits(IReadOnlyList<PageSize> PageSizes, int MaxRanges, ulong MaxBitmapBytes);

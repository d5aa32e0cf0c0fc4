namespace Ferry.Devices.Dma;

/// <summary>What a device's DMA log reports.</summary>
public enum DmaLogMode
{
    /// <summary>The pages that were written, once for each time between two reports.</summary>
    Exact,

    /// <summary>The pages that are pinned for write, at every report as long as they are, and once more after they were unpinned. The
    /// device writes no other page.</summary>
    Pinned,
}

using Ferry.Devices.Dma;
using Ferry.Devices.Migration;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;

namespace Ferry.Devices.Hosting;

/// <summary>What a device is, as its author says it once.</summary>
public sealed record DeviceDescription
{
    /// <summary>The model's name in its state: 1 to 16 characters of ASCII.</summary>
    public required string Model { get; init; }

    /// <summary>The version of the contents of <see cref="State"/>; raise it when these change.</summary>
    public required uint StateVersion { get; init; }

    /// <summary>The regions by index.</summary>
    public required IReadOnlyList<VfioUserRegion> Regions { get; init; }

    /// <summary>The number of interrupts of each index.</summary>
    public required IReadOnlyList<uint> InterruptCounts { get; init; }

    /// <summary>What migration it supports.</summary>
    public required VfioMigrationFlags Migration { get; init; }

    /// <summary>All of its state, in the order in which it is saved; at most 32 sections.</summary>
    public required IReadOnlyList<StateSection> State { get; init; }

    /// <summary>The page sizes at which it logs its DMA; empty where it does not.</summary>
    public required IReadOnlyList<PageSize> DmaLogPageSizes { get; init; }

    /// <summary>The most ranges that it logs.</summary>
    public int DmaLogMaxRanges { get; init; } = 64;

    /// <summary>The most bytes that the log's bitmaps may take: by default 64 MiB, which is 2 TiB of guest memory at 4 KiB.</summary>
    public ulong DmaLogMaxBitmapBytes { get; init; } = 64 << 20;

    /// <summary>What its log reports: the pages that were written, or those that are pinned for write.</summary>
    public DmaLogMode DmaLogMode { get; init; }

    /// <summary>The most pages of 4 KiB that it pins, where its log is of those: by default 1,048,576, which is 4 GiB.</summary>
    public int DmaMaxPinnedPages { get; init; } = 1 << 20;

    /// <summary>Whether its client may watch the page table of the process that it is in.</summary>
    public bool SharesPageTable { get; init; }

    /// <summary>The most mappings that it holds.</summary>
    public int MaxDmaMaps { get; init; } = 65536;
}

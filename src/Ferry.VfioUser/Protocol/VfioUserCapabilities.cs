using Ferry.Tracking;

namespace Ferry.VfioUser.Protocol;

/// <summary>What one side says of itself in VERSION: the limits of what it takes.</summary>
/// <remarks>The defaults are those that hold where a side says nothing. Source: QEMU docs/interop/vfio-user.rst, Version; the migration
/// object as libvfio-user and earlier drafts have it.</remarks>
public sealed record VfioUserCapabilities
{
    /// <summary>The most descriptors that it takes with one message.</summary>
    public int MaxMessageDescriptors { get; init; } = 1;

    /// <summary>The most data bytes in one region, DMA or migration data message.</summary>
    public int MaxDataTransferBytes { get; init; } = 1 << 20;

    /// <summary>The most DMA mappings at once.</summary>
    public int MaxDmaMaps { get; init; } = 65535;

    /// <summary>The page sizes of DMA mappings, OR-ed together.</summary>
    public ulong PageSizes { get; init; } = 4096;

    /// <summary>The page size for dirty tracking, or null where nothing is said.</summary>
    public ulong? MigrationPageSizeBytes { get; init; }

    /// <summary>The most bytes of dirty bitmap in one reply.</summary>
    public int MaxBitmapBytes { get; init; } = 256 << 10;

    /// <summary>Whether REGION_WRITE_MULTI is understood.</summary>
    public bool WriteMultiple { get; init; }

    /// <summary>How precise the server's DMA log is. Only Ferry's devices say that it is not exact, as the specification has no word for it.</summary>
    public TrackingPrecision DmaLogPrecision { get; init; } = TrackingPrecision.Exact;

    /// <summary>Whether the server lets its client watch the page table of its process. Only Ferry's devices say so.</summary>
    public bool SharesPageTable { get; init; }

    /// <summary>What Ferry's two ends say.</summary>
    public static VfioUserCapabilities Own { get; } = new() { MaxMessageDescriptors = 16, WriteMultiple = true };

    /// <summary>The longest message that a side with these limits has to take, in bytes with the header.</summary>
    internal int MaxMessageBytes => Math.Max(MaxDataTransferBytes, MaxBitmapBytes) + OverheadBytes;

    // Room for the header and the fixed fields of the longest message.
    private const int OverheadBytes = 4096;
}

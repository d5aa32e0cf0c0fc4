using Ferry.Memory;

namespace Ferry.VfioUser.Tracking;

/// <summary>What is known of a device's DMA log; what is not said is found out by starting and stopping it.</summary>
public sealed record DeviceTrackerOptions
{
    /// <summary>The page sizes to offer, or null to find out which powers of two from 4 KiB to 2 MiB the device takes.</summary>
    public IReadOnlyList<PageSize>? PageSizes { get; init; }

    /// <summary>The most ranges of one start, or null to find out, to 1024.</summary>
    public int? MaxRanges { get; init; }
}

using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Probing;
using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Probing;

/// <summary>What a vfio-user device says of itself.</summary>
public sealed record VfioUserFinding
{
    /// <summary>The socket's path.</summary>
    public required string Socket { get; init; }

    /// <summary>Why it could not be asked, or not to the end, and what would help; null where it was.</summary>
    public Obstacle? Problem { get; init; }

    /// <summary>The version that it speaks; null where none was agreed on.</summary>
    public Version? Version { get; init; }

    /// <summary>The limits of what it takes; null where no version was agreed on.</summary>
    public VfioUserCapabilities? Capabilities { get; init; }

    /// <summary>What migration it supports; null where it did not say.</summary>
    public VfioMigrationFlags? Migration { get; init; }

    /// <summary>Why it can't be tracked by its own log; null where it can, or could not be asked.</summary>
    public Obstacle? LogProblem { get; init; }

    /// <summary>The page sizes that it logs its DMA at.</summary>
    public IReadOnlyList<PageSize> LogPageSizes { get; init; } = [];

    /// <summary>The most ranges that its log takes, as far as was tried (1024); null where there is no log.</summary>
    public int? LogMaxRanges { get; init; }

    /// <summary>How precise its log is; null where there is none.</summary>
    public TrackingPrecision? LogPrecision { get; init; }

    /// <summary>Why the page table of its process can't be watched by scans.</summary>
    public Obstacle? ScanProblem { get; init; }

    /// <summary>Why the page table of its process can't be watched by faults.</summary>
    public Obstacle? FaultProblem { get; init; }

    /// <summary>What stands in the way of whatever <paramref name="problem"/> is about: that, or that the device could not be asked.</summary>
    public Obstacle? Or(Obstacle? problem) => Problem ?? problem;
}

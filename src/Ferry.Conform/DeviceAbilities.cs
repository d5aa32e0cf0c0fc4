using Ferry.Linux.Vfio;
using Ferry.Tracking;

namespace Ferry.Conform;

/// <summary>What a device claims to have, and what its interface tells.</summary>
/// <param name="Migration">The optional states of its migration; none where it does not migrate.</param>
/// <param name="CanReset">Whether it can be reset.</param>
public sealed record DeviceAbilities(VfioMigrationFlags Migration, bool CanReset)
{
    /// <summary>Whether it can be reset and does not say so.</summary>
    public bool HidesReset { get; init; }

    /// <summary>Whether it has a log of its DMA writes.</summary>
    public bool LogsDma { get; init; }

    /// <summary>What the log's pages stand for.</summary>
    public TrackingPrecision LogPrecision { get; init; }

    /// <summary>How many ranges its interface promises that the log takes.</summary>
    public int LeastLogRanges { get; init; }

    /// <summary>Whether the interface tells which transitions open a data session, and that a read met an end for now or for good.</summary>
    public bool TellsSessions { get; init; }

    /// <summary>Whether the interface can be asked how much pre-copy still has.</summary>
    public bool TellsPreCopy { get; init; }
}

using Ferry.Linux.Vfio;
using Ferry.Tracking;

namespace Ferry.Conform;

/// <summary>What a device claims to have.</summary>
/// <param name="Migration">The optional states of its migration; none where it does not migrate.</param>
/// <param name="CanReset">Whether it can be reset.</param>
/// <param name="LogsDma">Whether it has a log of its DMA writes.</param>
/// <param name="LogPrecision">What the log's pages stand for.</param>
/// <param name="LeastLogRanges">How many ranges its interface promises that the log takes.</param>
public sealed record DeviceAbilities(VfioMigrationFlags Migration, bool CanReset, bool LogsDma, TrackingPrecision LogPrecision, int LeastLogRanges);

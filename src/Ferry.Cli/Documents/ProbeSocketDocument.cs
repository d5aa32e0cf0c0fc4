namespace Ferry.Cli.Documents;

/// <summary>A vfio-user device.</summary>
/// <param name="Socket">Where it listens.</param>
/// <param name="Problem">Why it could not be asked, or not to the end; null where it was.</param>
/// <param name="Version">The version of vfio-user that was agreed on; null where none was.</param>
/// <param name="MaxTransferBytes">The most data bytes of a message.</param>
/// <param name="MaxDmaMaps">The most DMA mappings.</param>
/// <param name="Migration"><c>STOP_COPY</c>, <c>P2P</c>, <c>PRE_COPY</c>, those that it has; null where it did not say.</param>
/// <param name="LogProblem">Why its DMA log can't be used; null where it can.</param>
/// <param name="LogPageSizes">The page sizes of its DMA log, in bytes, ascending.</param>
/// <param name="LogMaxRanges">The most ranges that it logs, up to 1024; null where there is no log.</param>
/// <param name="LogPrecision"><c>exact</c>, <c>pinned-for-write</c> or <c>all-mapped</c>; null where there is no log.</param>
/// <param name="ScanProblem">Why <c>iotable</c> can't track it; null where it can.</param>
/// <param name="FaultProblem">Why <c>iotable-faults</c> can't track it; null where it can.</param>
internal sealed record ProbeSocketDocument(
    string Socket, ObstacleDocument? Problem, string? Version, int? MaxTransferBytes, int? MaxDmaMaps, IReadOnlyList<string>? Migration, ObstacleDocument? LogProblem,
    IReadOnlyList<ulong> LogPageSizes, int? LogMaxRanges, string? LogPrecision, ObstacleDocument? ScanProblem, ObstacleDocument? FaultProblem);

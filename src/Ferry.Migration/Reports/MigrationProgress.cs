namespace Ferry.Migration.Reports;

/// <summary>How far a migration is, to be polled; each field is current, not all of the same instant.</summary>
/// <param name="Phase">What it is at.</param>
/// <param name="Round">The round, from 1; 0 before the first.</param>
/// <param name="RoundPages">The pages that this round had to copy when it began.</param>
/// <param name="RemainingPages">The pages that are left of them.</param>
/// <param name="SentBytes">Bytes sent, or on a destination received, so far.</param>
/// <param name="SentPages">Pages with contents so far.</param>
/// <param name="ZeroPages">Zero pages so far.</param>
/// <param name="BytesPerSecond">The bandwidth of the last round that ended, or of this one so far.</param>
/// <param name="PopulatedBytes">The bytes that the destination has populated.</param>
/// <param name="ThrottlePercent">How much of the vCPUs' time is taken away.</param>
/// <param name="DowntimeLimit">The limit that applies now.</param>
/// <param name="Elapsed">Since the start.</param>
public readonly record struct MigrationProgress(
    MigrationPhase Phase,
    int Round,
    ulong RoundPages,
    ulong RemainingPages,
    ulong SentBytes,
    ulong SentPages,
    ulong ZeroPages,
    double BytesPerSecond,
    ulong PopulatedBytes,
    int ThrottlePercent,
    TimeSpan DowntimeLimit,
    TimeSpan Elapsed);

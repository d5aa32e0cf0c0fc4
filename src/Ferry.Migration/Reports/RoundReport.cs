namespace Ferry.Migration.Reports;

/// <summary>One round before the switchover.</summary>
/// <param name="Round">From 1.</param>
/// <param name="DirtyPages">The pages that it had to copy, those told to be zero included.</param>
/// <param name="SentBytes">The bytes that the destination acknowledged.</param>
/// <param name="Elapsed">From its first step to its last.</param>
/// <param name="BytesPerSecond">The bandwidth while pages were copied.</param>
public readonly record struct RoundReport(int Round, ulong DirtyPages, ulong SentBytes, TimeSpan Elapsed, double BytesPerSecond);

namespace Ferry.Cli.Reports;

/// <summary>One round: what was to be copied, what was sent, and what was dirty again afterwards.</summary>
internal sealed record RoundReport(int Round, ulong DirtyPages, ulong SentBytes, double Seconds, double BytesPerSecond);

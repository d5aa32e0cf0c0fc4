namespace Ferry.Cli.Documents;

/// <summary>One round: what was to be copied, what was sent, and what was dirty again afterwards.</summary>
internal sealed record RoundDocument(int Round, ulong DirtyPages, ulong SentBytes, double Seconds, double BytesPerSecond);

namespace Ferry.Cli.Events;

/// <summary>A round that ended.</summary>
/// <param name="Round">From 1.</param>
/// <param name="DirtyPages">The pages of 4 KiB that it had to copy.</param>
/// <param name="SentPages">The pages sent with contents.</param>
/// <param name="ZeroPages">The pages told to be zero.</param>
/// <param name="SentBytes">The bytes that the destination acknowledged.</param>
/// <param name="Seconds">From its first step to its last.</param>
/// <param name="BytesPerSecond">The bandwidth while it copied.</param>
internal sealed record RoundEvent(int Round, ulong DirtyPages, ulong SentPages, ulong ZeroPages, ulong SentBytes, double Seconds, double BytesPerSecond);

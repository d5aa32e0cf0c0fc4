namespace Ferry.Cli.Documents;

/// <summary>How far a migration is.</summary>
/// <param name="Phase">The step that is being carried out, in words.</param>
/// <param name="Round">The round, from 1; 0 before the first.</param>
/// <param name="RemainingBytes">What is still to be copied in this round.</param>
/// <param name="RoundBytes">What this round had to copy when it started.</param>
/// <param name="SentBytes">The bytes sent so far.</param>
/// <param name="BytesPerSecond">The bandwidth measured last.</param>
/// <param name="Seconds">The time since the start.</param>
internal sealed record ProgressDocument(
    string Phase, int Round, ulong RemainingBytes, ulong RoundBytes, ulong SentBytes, double BytesPerSecond, double Seconds);

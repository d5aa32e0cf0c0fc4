namespace Ferry.Bench.Validation;

/// <summary>A round of a real migration.</summary>
/// <param name="SentBytes">What it sent.</param>
/// <param name="Seconds">Its length, sync included.</param>
/// <param name="BytesPerSecond">Guest bytes a second of its copy.</param>
public sealed record MeasuredRound(double SentBytes, double Seconds, double BytesPerSecond);

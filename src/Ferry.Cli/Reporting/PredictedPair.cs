namespace Ferry.Cli.Reporting;

/// <summary>A whole migration as it was predicted and as it was.</summary>
internal sealed record PredictedPair(double PredictedTotalSeconds, double MeasuredTotalSeconds, double PredictedDowntimeSeconds, double MeasuredDowntimeSeconds);

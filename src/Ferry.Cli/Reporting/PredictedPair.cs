namespace Ferry.Cli.Reporting;

/// <summary>A whole migration as it was predicted and as it was.</summary>
/// <param name="Link">The link that it went over.</param>
/// <param name="Name">What else tells it from others.</param>
/// <param name="PredictedTotalSeconds">Total time by the model.</param>
/// <param name="MeasuredTotalSeconds">Total time as it was.</param>
/// <param name="PredictedDowntimeSeconds">Downtime by the model.</param>
/// <param name="MeasuredDowntimeSeconds">Downtime as it was.</param>
internal sealed record PredictedPair(
    string Link, string Name, double PredictedTotalSeconds, double MeasuredTotalSeconds, double PredictedDowntimeSeconds, double MeasuredDowntimeSeconds);

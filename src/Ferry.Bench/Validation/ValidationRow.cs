using Ferry.Bench.Model;

namespace Ferry.Bench.Validation;

/// <summary>A migration beside what was predicted of it.</summary>
/// <param name="Sample">What was measured.</param>
/// <param name="Prediction">What the model said.</param>
public sealed record ValidationRow(MigrationSample Sample, Prediction Prediction)
{
    /// <summary>How far the predicted total time is off, as a part of the measured one.</summary>
    public double TotalError => Math.Abs(Prediction.TotalSeconds - Sample.TotalSeconds) / Sample.TotalSeconds;

    /// <summary>How far the predicted downtime is off, as a part of the measured one.</summary>
    public double DowntimeError => Math.Abs(Prediction.DowntimeSeconds - Sample.DowntimeSeconds) / Sample.DowntimeSeconds;

    /// <summary>How far the predicted bytes are off, as a part of the measured ones.</summary>
    public double BytesError => Math.Abs(Prediction.SentBytes - Sample.SentBytes) / Sample.SentBytes;
}

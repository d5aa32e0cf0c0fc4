namespace Ferry.Migration.Convergence;

/// <summary>A bandwidth smoothed over rounds, in which short rounds, that measure badly, weigh less.</summary>
internal struct BandwidthEstimate
{
    private const double NewestWeight = 0.5;
    private const double LeastWeight = 0.05;
    private const double FullWeightSeconds = 0.05;

    /// <summary>Guest bytes a second; 0 where none was measured.</summary>
    internal double BytesPerSecond { get; private set; }

    internal void Add(in RoundSample sample)
    {
        var seconds = sample.Duration.TotalSeconds;
        var measured = sample.BytesPerSecond;
        if (!IsUsable(measured))
        {
            measured = seconds > 0 ? sample.BytesSent / seconds : 0;
        }

        if (!IsUsable(measured))
        {
            return;
        }

        var weight = BytesPerSecond == 0 ? 1 : NewestWeight * Math.Clamp(seconds / FullWeightSeconds, LeastWeight, 1);
        BytesPerSecond += weight * (measured - BytesPerSecond);
    }

    private static bool IsUsable(double bytesPerSecond) => bytesPerSecond > 0 && double.IsFinite(bytesPerSecond);
}

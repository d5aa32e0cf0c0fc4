namespace Ferry.Bench.Model;

/// <summary>The way between the two hosts.</summary>
/// <param name="BytesPerSecond">What it carries of all streams together; infinite where it is no limit.</param>
/// <param name="RoundTripSeconds">The time of a turn.</param>
public sealed record LinkCosts(double BytesPerSecond, double RoundTripSeconds)
{
    /// <summary>What goes at once after a pause, in seconds of its rate: limits are kept over a time, not at each moment.</summary>
    public double BurstSeconds { get; init; }
}

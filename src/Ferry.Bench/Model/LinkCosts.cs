namespace Ferry.Bench.Model;

/// <summary>The way between the two hosts.</summary>
/// <param name="BytesPerSecond">What it carries of all streams together; infinite where it is no limit.</param>
/// <param name="RoundTripSeconds">The time of a turn.</param>
public sealed record LinkCosts(double BytesPerSecond, double RoundTripSeconds)
{
    /// <summary>The burst of the engine's own limit of bandwidth.</summary>
    public const double EngineBurstSeconds = 0.02;

    /// <summary>What goes at once after a pause at most, in seconds of its rate: limits are kept over a time, not at each moment.</summary>
    /// <remarks>After a shorter pause it is as much as the link would have carried in it.</remarks>
    public double BurstSeconds { get; init; }
}

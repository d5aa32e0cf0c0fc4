using Ferry.Bench.Model;

namespace Ferry.Bench.Advice;

/// <summary>A policy and what it is expected to cost.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Prediction">What it costs.</param>
public sealed record Candidate(PolicyChoice Policy, Prediction Prediction)
{
    /// <summary>Whether no measure of it is worse than that of <paramref name="other"/>, and one is better.</summary>
    /// <remarks>The measures are total time, downtime, slowdown and processor time.</remarks>
    public bool Dominates(Candidate other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var (mine, theirs) = (Measures(), other.Measures());
        return mine.Zip(theirs).All(pair => pair.First <= pair.Second) && mine.Zip(theirs).Any(pair => pair.First < pair.Second);
    }

    /// <summary>Whether it moves the machine within <paramref name="limits"/>.</summary>
    public bool Meets(AdviceLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        return Prediction.Moves && Prediction.DowntimeSeconds <= limits.DowntimeSeconds && Prediction.Slowdown <= limits.Slowdown
            && Prediction.TotalSeconds <= limits.TotalSeconds && Prediction.CpuSeconds <= limits.CpuSeconds;
    }

    /// <summary>Who tracks what, in words: what a change of the advice is told by.</summary>
    public string Trackers => string.Join(", ", Policy.Trackers.Select(tracker => $"{tracker.Source} by {tracker.Costs}"));

    /// <summary>Whether every source has the same provider and page size in both.</summary>
    public bool TracksLike(Candidate other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Trackers == other.Trackers;
    }

    internal double[] Measures() => [Prediction.TotalSeconds, Prediction.DowntimeSeconds, Prediction.Slowdown, Prediction.CpuSeconds];
}

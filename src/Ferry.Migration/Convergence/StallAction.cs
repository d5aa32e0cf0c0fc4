namespace Ferry.Migration.Convergence;

/// <summary>What follows when rounds no longer bring the end nearer.</summary>
public enum StallAction
{
    /// <summary>Switch over at a low point of what remains, whatever downtime that gives.</summary>
    Stop,

    /// <summary>End the migration; the source runs on.</summary>
    Fail,

    /// <summary>Slow the vCPUs step by step. Devices are not slowed by it.</summary>
    Throttle,

    /// <summary>Raise the downtime limit step by step, to a ceiling.</summary>
    Stretch,
}

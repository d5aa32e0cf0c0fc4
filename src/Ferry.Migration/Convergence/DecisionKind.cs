namespace Ferry.Migration.Convergence;

/// <summary>What to do after a round.</summary>
public enum DecisionKind
{
    /// <summary>Another round.</summary>
    Continue,

    /// <summary>Switch over now.</summary>
    SwitchOver,

    /// <summary>Another round, with the vCPUs throttled more.</summary>
    Throttle,

    /// <summary>Another round, with a higher downtime limit.</summary>
    Stretch,

    /// <summary>End the migration; the source runs on.</summary>
    Fail,
}

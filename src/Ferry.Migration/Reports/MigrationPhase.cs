namespace Ferry.Migration.Reports;

/// <summary>What a side of a migration is at.</summary>
public enum MigrationPhase
{
    /// <summary>Not begun; a destination listens.</summary>
    Waiting,

    /// <summary>Connecting and comparing machines.</summary>
    Handshake,

    /// <summary>The destination populates memory before the first round.</summary>
    Populate,

    /// <summary>Trackers are started.</summary>
    Setup,

    /// <summary>Rounds, the guest runs.</summary>
    Rounds,

    /// <summary>The guest stops, and the rest is copied.</summary>
    Switchover,

    /// <summary>Hashes of all memory are compared.</summary>
    Verify,

    /// <summary>The destination holds the whole machine and waits for commit.</summary>
    Prepared,

    /// <summary>The machine was given to the destination.</summary>
    Committed,

    /// <summary>The link was lost after commit; it is asked who runs.</summary>
    Settling,

    /// <summary>The source goes back to running.</summary>
    RollingBack,

    /// <summary>It has ended; the report says how.</summary>
    Ended,
}

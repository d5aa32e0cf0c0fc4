namespace Ferry.Migration.Convergence;

/// <summary>Why a decision is what it is.</summary>
public enum DecisionReason
{
    /// <summary>What remains still shrinks.</summary>
    Shrinking,

    /// <summary>The predicted downtime is within the limit.</summary>
    WithinLimit,

    /// <summary>Rounds no longer shrink what remains.</summary>
    Stalled,

    /// <summary>The most rounds were reached.</summary>
    RoundLimit,

    /// <summary>The most time was reached.</summary>
    TimeLimit,
}

namespace Ferry.Migration.Reports;

/// <summary>Why a migration did not complete.</summary>
public enum FailureKind
{
    /// <summary>It did complete.</summary>
    None,

    /// <summary>The destination can't take the machine; nothing was sent.</summary>
    Refused,

    /// <summary>It was cancelled.</summary>
    Cancelled,

    /// <summary>The guest dirtied memory faster than it could be sent, and the policy was to fail then.</summary>
    NotConverged,

    /// <summary>Both sides' memory differed, a page was altered on the way, or state was lost.</summary>
    Verification,

    /// <summary>The connection, a device, a tracker, the machine or the other side failed.</summary>
    Error,
}

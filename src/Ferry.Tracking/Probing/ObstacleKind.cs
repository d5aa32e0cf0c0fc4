namespace Ferry.Tracking.Probing;

/// <summary>What stands in the way of something that a probe looked for.</summary>
public enum ObstacleKind
{
    /// <summary>It is not there, or this kernel, processor or device can't do it.</summary>
    Missing,

    /// <summary>This user or process may not look or use it.</summary>
    NotPermitted,

    /// <summary>Another process has it, so it was left alone.</summary>
    InUse,

    /// <summary>It was not asked, since the probe was told to leave it alone or what it would need is not there.</summary>
    NotTried,

    /// <summary>It was asked and failed.</summary>
    Failed,
}

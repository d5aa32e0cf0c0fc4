namespace Ferry.Tracking.Policy;

/// <summary>How a source's list of trackers is meant.</summary>
public enum TrackerCombination
{
    /// <summary>In order of preference: the first that can track the source does.</summary>
    First,

    /// <summary>All of them together: what any of them saw is dirty.</summary>
    Union,
}

namespace Ferry.Tracking;

/// <summary>How much a tracker reports beyond what was really written.</summary>
public enum TrackingPrecision
{
    /// <summary>The written pages, of the tracking page size, and no others but on doubt.</summary>
    Exact,

    /// <summary>Every page that is pinned for write, whether written or not.</summary>
    PinnedForWrite,

    /// <summary>Every mapped page.</summary>
    AllMapped,
}

namespace Ferry.Tracking;

/// <summary>A started tracker failed or overflowed; all it was asked for counts as dirty.</summary>
public sealed class TrackerFailedException : Exception
{
    /// <summary>The tracker <paramref name="tracker"/> failed because of <paramref name="reason"/>.</summary>
    public TrackerFailedException(string tracker, string reason, Exception? inner = null)
        : base($"{tracker}: {reason}", inner) => (Tracker, Reason) = (tracker, reason);

    /// <summary>The tracker's name.</summary>
    public string Tracker { get; }

    /// <summary>Why, with the value and the limit.</summary>
    public string Reason { get; }
}

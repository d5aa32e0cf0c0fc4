namespace Ferry.Tracking;

/// <summary>A tracker can't keep its word for what it was asked to track.</summary>
public sealed class TrackerStartException : Exception
{
    /// <summary>The tracker <paramref name="tracker"/> refused to start because of <paramref name="reason"/>.</summary>
    public TrackerStartException(string tracker, string reason, Exception? inner = null)
        : base($"{tracker}: {reason}", inner) => (Tracker, Reason) = (tracker, reason);

    /// <summary>The tracker's name.</summary>
    public string Tracker { get; }

    /// <summary>Why, with the value and the limit.</summary>
    public string Reason { get; }
}

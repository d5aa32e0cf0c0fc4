namespace Ferry.Tracking.Policy;

/// <summary>A tracker that the policy prefers and that was passed over.</summary>
/// <param name="Source">For which source.</param>
/// <param name="Tracker">Its name.</param>
/// <param name="Reason">Why, with the value and the limit.</param>
public sealed record SkippedTracker(DmaSource Source, string Tracker, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Tracker}: {Reason}";
}

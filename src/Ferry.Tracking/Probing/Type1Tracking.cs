using Ferry.Memory;

namespace Ferry.Tracking.Probing;

/// <summary>How a container tracks.</summary>
/// <param name="Problem">Why it can't; null where it can.</param>
/// <param name="PageSize">The page size that it reports at.</param>
/// <param name="Precision">How precise it is.</param>
internal readonly record struct Type1Tracking(Obstacle? Problem, PageSize? PageSize = null, TrackingPrecision? Precision = null);

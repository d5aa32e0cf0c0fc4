using Ferry.Tracking.Proof;

namespace Ferry.Tracking.Policy;

/// <summary>What a policy comes to on a machine.</summary>
/// <param name="Assignments">Who tracks whom; of use only where <paramref name="Verdict"/> is proven.</param>
/// <param name="Fallbacks">Who takes over from whom, at most one a source.</param>
/// <param name="Skipped">What was preferred and could not be had, in order.</param>
/// <param name="Verdict">Whether every source is covered.</param>
public sealed record TrackingChoice(
    IReadOnlyList<TrackerAssignment> Assignments, IReadOnlyList<TrackerAssignment> Fallbacks, IReadOnlyList<SkippedTracker> Skipped, CoverageVerdict Verdict);

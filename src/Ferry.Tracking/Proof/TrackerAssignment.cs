using Ferry.Memory;

namespace Ferry.Tracking.Proof;

/// <summary>The choice that a tracker watches a source, at a page size. A source may have several; what any of them sees counts.</summary>
/// <param name="Source">The source.</param>
/// <param name="Tracker">The tracker.</param>
/// <param name="PageSize">The tracking page size.</param>
public sealed record TrackerAssignment(DmaSource Source, IDirtyTracker Tracker, PageSize PageSize);

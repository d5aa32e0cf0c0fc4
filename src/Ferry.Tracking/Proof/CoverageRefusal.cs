namespace Ferry.Tracking.Proof;

/// <summary>Why a source is not covered, and what would cover it.</summary>
/// <param name="Source">The source.</param>
/// <param name="Reason">What is wrong, with the value and the limit.</param>
/// <param name="Remedy">What to do about it.</param>
public sealed record CoverageRefusal(DmaSource Source, string Reason, string Remedy);

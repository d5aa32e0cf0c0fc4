namespace Ferry.Bench.Advice;

/// <summary>A limit that, raised, lets a policy meet all of them.</summary>
/// <param name="Limit">Which: <c>downtime</c>, <c>max-slowdown</c>, <c>max-time</c> or <c>max-cpu</c>.</param>
/// <param name="From">What it is: seconds, or a part for the slowdown.</param>
/// <param name="To">The least that a policy keeps to.</param>
/// <param name="Candidate">That policy.</param>
public sealed record Relaxation(string Limit, double From, double To, Candidate Candidate);

namespace Ferry.Bench.Advice;

/// <summary>A figure that, were it another, would change who is advised to track what.</summary>
/// <param name="Figure">Which, in words.</param>
/// <param name="Factor">What it would have to be multiplied by; the nearest to 1 that was tried.</param>
/// <param name="Trackers">What would be advised then.</param>
public sealed record Sensitivity(string Figure, double Factor, string Trackers);

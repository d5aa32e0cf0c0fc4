namespace Ferry.Bench.Measuring;

/// <summary>How far a bench is.</summary>
/// <param name="Done">The points that are measured.</param>
/// <param name="Count">All points.</param>
/// <param name="Current">What is measured now, in words.</param>
/// <param name="Left">How long the rest is expected to take.</param>
internal readonly record struct BenchProgress(int Done, int Count, string Current, TimeSpan Left);

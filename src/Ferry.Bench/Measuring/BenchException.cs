namespace Ferry.Bench.Measuring;

/// <summary>A bench can't go on: a device died, a tracker broke its word, or a part could not be started. What was measured before stays.</summary>
internal sealed class BenchException(string message, Exception? inner = null) : IOException(message, inner);

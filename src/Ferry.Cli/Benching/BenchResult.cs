using Ferry.Bench.Profiles;

namespace Ferry.Cli.Benching;

/// <summary>How a bench ended.</summary>
/// <param name="Profile">What it measured, and what it took over.</param>
/// <param name="Path">Where that is kept; null where nothing is.</param>
/// <param name="Points">The points of its design.</param>
/// <param name="Measured">How many of them are measured.</param>
/// <param name="Problem">Why it ended before its end; null where it did not.</param>
internal sealed record BenchResult(CostProfile Profile, string? Path, int Points, int Measured, string? Problem);

namespace Ferry.Cli.Values;

/// <summary>A part of a whole.</summary>
/// <param name="Part">0 to 1.</param>
internal readonly record struct Percentage(double Part);

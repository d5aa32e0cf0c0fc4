namespace Ferry.Cli.Values;

/// <summary>The rate of a link.</summary>
/// <param name="BytesPerSecond">In bytes a second; infinite for no limit.</param>
internal readonly record struct LinkRate(double BytesPerSecond);

namespace Ferry.Bench.Profiles;

/// <summary>A profile that can't be used.</summary>
/// <param name="message">Which value is wrong, and what it may be.</param>
public sealed class ProfileException(string message) : IOException(message);

namespace Ferry.Migration.Wire;

/// <summary>The other side sent bytes that are no migration stream, or not in this place.</summary>
/// <param name="message">What came, with the value and the limit.</param>
public sealed class StreamProtocolException(string message) : Exception(message);

namespace Ferry.Lab;

/// <summary>A check found something to be otherwise than it must be.</summary>
internal sealed class CheckFailedException(string message) : Exception(message);

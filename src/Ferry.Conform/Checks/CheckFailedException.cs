namespace Ferry.Conform.Checks;

/// <summary>A device breaks a check's rule.</summary>
internal sealed class CheckFailedException(string message) : Exception(message);

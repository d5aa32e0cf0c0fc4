namespace Ferry.Conform.Checks;

/// <summary>A device could not be made as new for a check: what was done before left it so.</summary>
internal sealed class UnusableException(string message) : Exception(message);

namespace Ferry.Conform.Checks;

/// <summary>A device turned out not to have what a check is about.</summary>
internal sealed class NotApplicableException(string message) : Exception(message);

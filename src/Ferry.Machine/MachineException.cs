namespace Ferry.Machine;

/// <summary>A machine can't be made or can't do what was asked; the message says what and what would help.</summary>
/// <param name="message">What.</param>
/// <param name="inner">What it came from.</param>
public sealed class MachineException(string message, Exception? inner = null) : Exception(message, inner);

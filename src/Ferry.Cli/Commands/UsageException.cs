namespace Ferry.Cli.Commands;

/// <summary>The command line asks for something that makes no sense.</summary>
/// <param name="message">Which option, and what to do.</param>
internal sealed class UsageException(string message) : Exception(message);

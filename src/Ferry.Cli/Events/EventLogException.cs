namespace Ferry.Cli.Events;

/// <summary>A file is no event log, or one that this version can't read; the message says where and why.</summary>
internal sealed class EventLogException(string message) : IOException(message);

namespace Ferry.Migration.Destination;

/// <summary>The source said that it keeps the machine; it becomes a report, and never leaves the engine.</summary>
internal sealed class SourceAbortedException(string reason) : Exception(reason);

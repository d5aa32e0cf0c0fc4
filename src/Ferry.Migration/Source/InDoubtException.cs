namespace Ferry.Migration.Source;

/// <summary>The machine was given away and nobody said that it runs; it becomes a report, and never leaves the engine.</summary>
internal sealed class InDoubtException(string reason) : Exception(reason);

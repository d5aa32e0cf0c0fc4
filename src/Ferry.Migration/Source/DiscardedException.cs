namespace Ferry.Migration.Source;

/// <summary>After commit the destination said that it never ran the machine and never will, so the source may; it never leaves the engine.</summary>
internal sealed class DiscardedException(string reason) : Exception(reason);

namespace Ferry.Cli.Documents;

/// <summary>Why something can't be had or known.</summary>
/// <param name="Kind"><c>missing</c>, <c>not-permitted</c>, <c>in-use</c>, <c>not-tried</c> or <c>failed</c>.</param>
/// <param name="Reason">The reason, and what would help.</param>
internal sealed record ObstacleDocument(string Kind, string Reason);

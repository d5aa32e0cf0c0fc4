namespace Ferry.Cli.Documents;

/// <summary>One thing that the demo checked.</summary>
/// <param name="Name">What was to hold.</param>
/// <param name="Passed">Whether it did.</param>
/// <param name="Detail">What was seen.</param>
internal sealed record CheckDocument(string Name, bool Passed, string? Detail);

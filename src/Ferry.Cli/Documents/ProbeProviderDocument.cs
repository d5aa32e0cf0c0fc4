namespace Ferry.Cli.Documents;

/// <summary>A provider of dirty tracking.</summary>
/// <param name="Name">As in plans and policies.</param>
/// <param name="Status"><c>can</c>, <c>cannot</c>, <c>not-permitted</c> or <c>unknown</c>.</param>
/// <param name="Reason">What it can track here, or why not and what would help.</param>
/// <param name="PageSizes">The page sizes at which it can track something here, in bytes, ascending.</param>
/// <param name="Details">A line for each device, group or socket that was asked, and what else bears on it.</param>
internal sealed record ProbeProviderDocument(string Name, string Status, string Reason, IReadOnlyList<ulong> PageSizes, IReadOnlyList<string> Details);

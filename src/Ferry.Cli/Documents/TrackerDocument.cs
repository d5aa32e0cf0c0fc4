namespace Ferry.Cli.Documents;

/// <summary>What a tracker did in a migration.</summary>
/// <param name="Name">The provider.</param>
/// <param name="Sources">Whose writes it saw.</param>
/// <param name="PageSizeBytes">The page size it tracked at.</param>
/// <param name="Precision"><c>exact</c>, <c>pinned-for-write</c> or <c>all-mapped</c>.</param>
/// <param name="Reports">How often it was read.</param>
/// <param name="DirtyPages">The pages that it reported, all reports together.</param>
/// <param name="ReportSeconds">The time all reports took.</param>
/// <param name="Failures">How often it could not tell, so that all that it covers counted as dirty.</param>
/// <param name="LastFailure">Why, the last time; null where it never happened.</param>
/// <param name="Ended">Why it was stopped before the end; null where it was not.</param>
/// <param name="AlonePages">The pages of 4 KiB that it reported and no other tracker of its sources did at the same sync; null where nothing was compared.</param>
internal sealed record TrackerDocument(
    string Name, IReadOnlyList<string> Sources, ulong PageSizeBytes, string Precision, long Reports, ulong DirtyPages, double ReportSeconds,
    long Failures, string? LastFailure, string? Ended, ulong? AlonePages);

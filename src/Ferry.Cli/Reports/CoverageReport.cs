namespace Ferry.Cli.Reports;

/// <summary>What tracks one source of writes.</summary>
internal sealed record CoverageReport(string Source, IReadOnlyList<string> Trackers, ulong PageSizeBytes, string Precision, bool Redundant);

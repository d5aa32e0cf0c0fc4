namespace Ferry.Cli.Reporting;

/// <summary>What a migration is predicted to be over one link, by tracking page size.</summary>
/// <param name="Link">What the link is called, for instance <c>10 Gb/s</c>.</param>
/// <param name="Points">Page size, total time and downtime.</param>
internal sealed record LinkCurve(string Link, IReadOnlyList<(ulong PageSizeBytes, double TotalSeconds, double DowntimeSeconds)> Points);

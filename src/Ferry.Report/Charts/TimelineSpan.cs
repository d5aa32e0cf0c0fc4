namespace Ferry.Report.Charts;

/// <summary>Something that took time.</summary>
/// <param name="Lane">The row that it is drawn in.</param>
/// <param name="Kind">What the legend says of it.</param>
/// <param name="Start">When it began, in the unit of the chart's axis.</param>
/// <param name="End">When it ended; not before.</param>
public sealed record TimelineSpan(string Lane, string Kind, double Start, double End);

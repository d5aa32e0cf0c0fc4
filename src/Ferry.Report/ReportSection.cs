using Ferry.Report.Charts;

namespace Ferry.Report;

/// <summary>A part of a page: a heading, and what is below it in this order.</summary>
/// <param name="Heading">The heading.</param>
/// <param name="Text">A paragraph, or null.</param>
/// <param name="Chart">A chart, or null.</param>
/// <param name="Table">A table, or null.</param>
public sealed record ReportSection(string Heading, string? Text = null, Chart? Chart = null, ReportTable? Table = null);

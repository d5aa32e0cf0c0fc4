namespace Ferry.Report.Charts;

/// <summary>What happened when: spans in rows, the first row uppermost.</summary>
public sealed record TimelineChart : Chart
{
    /// <summary>The spans; rows and kinds are in the order in which they come first.</summary>
    public required IReadOnlyList<TimelineSpan> Spans { get; init; }

    /// <inheritdoc/>
    public override ReportTable ToTable() => new(
        [YLabel, "kind", "start", "end"],
        [.. Spans.Select(span => new[] { span.Lane, span.Kind, ReportTable.Number(span.Start), ReportTable.Number(span.End) })]);
}

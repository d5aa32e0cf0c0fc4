namespace Ferry.Report.Charts;

/// <summary>Stacked bars; each part has a colour and a letter of its own.</summary>
public sealed record BarChart : Chart
{
    /// <summary>What each bar is.</summary>
    public required IReadOnlyList<string> Bars { get; init; }

    /// <summary>The parts, from the base on; each with a value for each bar.</summary>
    public required IReadOnlyList<BarSeries> Series { get; init; }

    /// <summary>Whether bars lie; the first is the uppermost then.</summary>
    public bool IsHorizontal { get; init; }

    /// <inheritdoc/>
    public override ReportTable ToTable() => new(
        [IsHorizontal ? YLabel : XLabel, .. Series.Select(series => series.Name)],
        [.. Bars.Select((bar, i) => (string[])[bar, .. Series.Select(series => ReportTable.Number(series.Values[i]))])]);
}

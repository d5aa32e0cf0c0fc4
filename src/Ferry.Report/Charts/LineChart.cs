namespace Ferry.Report.Charts;

/// <summary>Lines over numbers; each has a colour, a marker and a pattern of its own.</summary>
public sealed record LineChart : Chart
{
    /// <summary>The lines.</summary>
    public required IReadOnlyList<LineSeries> Series { get; init; }

    /// <summary>Whether the horizontal axis is logarithmic; its numbers are above zero then.</summary>
    public bool IsLogX { get; init; }

    /// <summary>Whether the vertical axis is logarithmic; its numbers are above zero then.</summary>
    public bool IsLogY { get; init; }

    /// <summary>What is written at which number of the horizontal axis; null for the numbers themselves.</summary>
    public IReadOnlyList<(double X, string Text)>? XTicks { get; init; }

    /// <summary>Whether the line of equal numbers is drawn, for what was predicted against what was measured.</summary>
    public bool HasDiagonal { get; init; }

    /// <inheritdoc/>
    public override ReportTable ToTable() => new(
        ["series", XLabel, YLabel],
        [.. Series.SelectMany(series => series.Points.Select(point => new[] { series.Name, ReportTable.Number(point.X), ReportTable.Number(point.Y) }))]);
}

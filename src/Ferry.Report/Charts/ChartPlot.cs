using System.Globalization;
using ScottPlot;

namespace Ferry.Report.Charts;

/// <summary>Draws charts by ScottPlot.</summary>
internal static class ChartPlot
{
    internal const int Width = 900;

    // The font that comes with most distributions; another takes its place where it is missing.
    private const string Font = "DejaVu Sans";
    private const double BarSize = 0.7;
    // A part narrower than this share of the axis has no room for its letter.
    private const double LeastLetterShare = 0.025;

    internal static int HeightOf(Chart chart) => chart switch
    {
        BarChart { IsHorizontal: true } bars => 150 + (34 * bars.Bars.Count) + (22 * ((bars.Series.Count + 1) / 2)),
        TimelineChart timeline => 150 + (30 * LanesOf(timeline).Count) + (22 * ((KindsOf(timeline).Count + 2) / 3)),
        _ => 380,
    };

    /// <summary>The width of lines that have the pattern of their series.</summary>
    internal const float SeriesWidth = 2;

    /// <summary>The width of the diagonal, which is dotted.</summary>
    internal const float DiagonalWidth = 1.5f;

    /// <summary>A plot on nothing, so that what is below shows.</summary>
    /// <param name="chart">What it shows.</param>
    /// <param name="hasPatterns">Whether lines are broken; where not, whoever asked breaks them.</param>
    internal static Plot Of(Chart chart, bool hasPatterns)
    {
        var plot = new Plot();
        plot.FigureBackground.Color = Colors.Transparent;
        plot.DataBackground.Color = Colors.Transparent;
        switch (chart)
        {
            case LineChart lines: Draw(plot, lines, hasPatterns); break;
            case BarChart bars: Draw(plot, bars); break;
            case TimelineChart timeline: Draw(plot, timeline); break;
            default: throw new ArgumentException($"No chart is drawn of {chart.GetType().Name}.", nameof(chart));
        }

        plot.XLabel(chart.XLabel);
        plot.YLabel(chart.YLabel);
        Style(plot);
        return plot;
    }

    private static void Draw(Plot plot, LineChart chart, bool hasPatterns)
    {
        double X(double x) => chart.IsLogX ? Math.Log10(x) : x;
        double Y(double y) => chart.IsLogY ? Math.Log10(y) : y;
        for (var i = 0; i < chart.Series.Count; i++)
        {
            var series = chart.Series[i];
            if (series.Points.Count == 0)
            {
                continue;
            }

            var line = plot.Add.Scatter(series.Points.Select(point => X(point.X)).ToArray(), series.Points.Select(point => Y(point.Y)).ToArray());
            line.Color = Palette.Of(i);
            line.LineWidth = series.IsMarkersOnly ? 0 : SeriesWidth;
            line.LinePattern = hasPatterns ? Palette.PatternOf(i) : LinePattern.Solid;
            line.MarkerShape = Palette.MarkerOf(i);
            line.MarkerSize = 8;
            line.LegendText = series.Name;
        }

        DrawDiagonal(plot, chart, hasPatterns, X, Y);
        plot.Axes.AutoScale();
        if (!chart.IsLogY && !chart.HasDiagonal)
        {
            plot.Axes.SetLimitsY(0, Math.Max(plot.Axes.GetLimits().Top, 1e-9));
        }

        SetTicks(plot, chart);
    }

    private static void DrawDiagonal(Plot plot, LineChart chart, bool hasPatterns, Func<double, double> x, Func<double, double> y)
    {
        var all = chart.Series.SelectMany(series => series.Points).SelectMany(point => new[] { point.X, point.Y }).ToList();
        if (chart.HasDiagonal && all.Count > 0)
        {
            var (least, most) = (all.Min(), all.Max());
            var line = plot.Add.Line(x(least), y(least), x(most), y(most));
            line.Color = Color.FromHex(Palette.Ink);
            line.LineWidth = DiagonalWidth;
            line.LinePattern = hasPatterns ? LinePattern.Dotted : LinePattern.Solid;
            line.LegendText = "equal";
        }
    }

    private static void SetTicks(Plot plot, LineChart chart)
    {
        var limits = plot.Axes.GetLimits();
        if (chart.XTicks is { } ticks)
        {
            plot.Axes.Bottom.SetTicks([.. ticks.Select(tick => chart.IsLogX ? Math.Log10(tick.X) : tick.X)], [.. ticks.Select(tick => tick.Text)]);
        }
        else if (chart.IsLogX)
        {
            SetDecades(plot.Axes.Bottom, limits.Left, limits.Right);
        }

        if (chart.IsLogY)
        {
            SetDecades(plot.Axes.Left, limits.Bottom, limits.Top);
        }
    }

    private static void SetDecades(IAxis axis, double least, double most)
    {
        var (first, last) = ((int)Math.Floor(least), (int)Math.Ceiling(most));
        // Few decades have room for steps in between.
        double[] steps = last - first > 3 ? [1] : [1, 2, 5];
        var values = Enumerable.Range(first, last - first + 1).SelectMany(power => steps.Select(step => step * Math.Pow(10, power))).ToList();
        axis.SetTicks([.. values.Select(Math.Log10)], [.. values.Select(Short)]);
    }

    private static string Short(double value) => value switch
    {
        >= 1e9 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e9:G4} G"),
        >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:G4} M"),
        >= 1e4 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e3:G4} k"),
        _ => value.ToString("G4", CultureInfo.InvariantCulture),
    };

    private static void Draw(Plot plot, BarChart chart)
    {
        var totals = Enumerable.Range(0, chart.Bars.Count).Select(bar => chart.Series.Sum(series => series.Values[bar])).ToList();
        var most = Math.Max(totals.DefaultIfEmpty(0).Max(), 1e-9);
        var bases = new double[chart.Bars.Count];
        var letters = new List<(int Series, double Position, double Middle)>();
        for (var i = 0; i < chart.Series.Count; i++)
        {
            var bars = new List<Bar>();
            for (var bar = 0; bar < chart.Bars.Count; bar++)
            {
                var (start, end) = (bases[bar], bases[bar] += chart.Series[i].Values[bar]);
                var position = chart.IsHorizontal ? chart.Bars.Count - 1 - bar : bar;
                if (end > start)
                {
                    bars.Add(NewBar(position, start, end, i, most));
                    if (HasRoom((end - start) / most, chart.IsHorizontal) && (chart.IsHorizontal || chart.Bars.Count <= 40))
                    {
                        letters.Add((i, position, (start + end) / 2));
                    }
                }
            }

            Add(plot, bars, chart.IsHorizontal, i, chart.Series[i].Name);
        }

        Write(plot, letters, chart.IsHorizontal);

        double[] positions = [.. Enumerable.Range(0, chart.Bars.Count).Select(bar => (double)(chart.IsHorizontal ? chart.Bars.Count - 1 - bar : bar))];
        SetBarTicks(plot, chart.IsHorizontal, positions, chart.Bars);
        if (chart.IsHorizontal)
        {
            plot.Axes.SetLimits(0, most * 1.02, -0.6, chart.Bars.Count - 0.4);
        }
        else
        {
            plot.Axes.SetLimits(-0.6, chart.Bars.Count - 0.4, 0, most * 1.05);
        }
    }

    private static void Draw(Plot plot, TimelineChart chart)
    {
        var (lanes, kinds) = (LanesOf(chart), KindsOf(chart));
        var last = Math.Max(chart.Spans.Select(span => span.End).DefaultIfEmpty(0).Max(), 1e-9);
        var letters = new List<(int Series, double Position, double Middle)>();
        for (var i = 0; i < kinds.Count; i++)
        {
            var bars = new List<Bar>();
            foreach (var span in chart.Spans.Where(span => span.Kind == kinds[i]))
            {
                var position = lanes.Count - 1 - lanes.IndexOf(span.Lane);
                // What took no time to speak of is still to be seen.
                bars.Add(NewBar(position, span.Start, Math.Max(span.End, span.Start + (last * 0.002)), i, last));
                if (HasRoom((span.End - span.Start) / last, isHorizontal: true))
                {
                    letters.Add((i, position, (span.Start + span.End) / 2));
                }
            }

            Add(plot, bars, isHorizontal: true, i, kinds[i]);
        }

        Write(plot, letters, isHorizontal: true);

        SetBarTicks(plot, isHorizontal: true, [.. Enumerable.Range(0, lanes.Count).Select(lane => (double)(lanes.Count - 1 - lane))], lanes);
        plot.Axes.SetLimits(0, last * 1.02, -0.6, lanes.Count - 0.4);
    }

    private static Bar NewBar(double position, double start, double end, int series, double axis) => new()
    {
        Position = position,
        ValueBase = start,
        Value = end,
        Size = BarSize,
        FillColor = Palette.Of(series),
        // So that neighbours of one colour are two; what is thin would be nothing but its border.
        LineWidth = (end - start) / axis > 0.012 ? 1 : 0,
        LineColor = Color.FromHex(Palette.Paper),
    };

    private static void Add(Plot plot, List<Bar> bars, bool isHorizontal, int series, string name)
    {
        if (bars.Count > 0)
        {
            var drawn = plot.Add.Bars(bars);
            drawn.Horizontal = isHorizontal;
            drawn.LegendText = $"{Palette.LetterOf(series)}  {name}";
        }
    }

    private static bool HasRoom(double share, bool isHorizontal) => share >= LeastLetterShare * (isHorizontal ? 1 : 2);

    // After all bars, since what is added later is drawn above.
    private static void Write(Plot plot, List<(int Series, double Position, double Middle)> letters, bool isHorizontal)
    {
        foreach (var (series, position, middle) in letters)
        {
            var letter = plot.Add.Text(Palette.LetterOf(series), isHorizontal ? middle : position, isHorizontal ? position : middle);
            letter.LabelFontColor = Color.FromHex(Palette.OnSeries);
            letter.LabelFontName = Font;
            letter.LabelFontSize = 13;
            letter.LabelBold = true;
            letter.Alignment = Alignment.MiddleCenter;
        }
    }

    private static void SetBarTicks(Plot plot, bool isHorizontal, double[] positions, IReadOnlyList<string> names)
    {
        // More names than fit would be written over one another.
        var every = isHorizontal ? 1 : Math.Max(1, names.Count / 30);
        var shown = Enumerable.Range(0, names.Count).Where(i => i % every == 0).ToArray();
        (isHorizontal ? (IAxis)plot.Axes.Left : plot.Axes.Bottom).SetTicks([.. shown.Select(i => positions[i])], [.. shown.Select(i => Shorten(names[i]))]);
    }

    private static string Shorten(string name) => name.Length <= 28 ? name : $"{name[..27]}…";

    private static void Style(Plot plot)
    {
        plot.Axes.Color(Color.FromHex(Palette.Ink));
        plot.Grid.MajorLineColor = Color.FromHex(Palette.Grid);
        plot.Font.Set(Font);
        foreach (var axis in plot.Axes.GetAxes())
        {
            axis.Label.FontSize = 14;
            axis.Label.Bold = false;
            axis.TickLabelStyle.FontSize = 13;
        }

        plot.Legend.BackgroundColor = Colors.Transparent;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.FontColor = Color.FromHex(Palette.Ink);
        plot.Legend.FontSize = 13;
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.ShowLegend(Edge.Bottom);
        // No frame there, but room for half of the last tick's text.
        foreach (var edge in (IAxis[])[plot.Axes.Right, plot.Axes.Top])
        {
            edge.FrameLineStyle.IsVisible = false;
            edge.MinimumSize = 14;
        }
    }

    private static List<string> LanesOf(TimelineChart chart) => [.. chart.Spans.Select(span => span.Lane).Distinct()];

    private static List<string> KindsOf(TimelineChart chart) => [.. chart.Spans.Select(span => span.Kind).Distinct()];
}

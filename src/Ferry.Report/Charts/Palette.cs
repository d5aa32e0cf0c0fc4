using System.Globalization;
using ScottPlot;

namespace Ferry.Report.Charts;

/// <summary>The colours of charts. Okabe and Ito's, which differ for all kinds of colour vision, darkened on paper and lightened at night.</summary>
/// <remarks>A chart is drawn with the light ones; in a page each becomes a variable, so that the page's style decides.</remarks>
internal static class Palette
{
    internal const string Ink = "#1B1F24";
    internal const string Grid = "#D5D9DE";
    internal const string Paper = "#FFFFFD";
    internal const string OnSeries = "#FFFFFE";

    private static readonly (string Light, string Dark)[] Colors =
    [
        ("#0063A6", "#56B4E9"),
        ("#B34700", "#FF9248"),
        ("#00704F", "#3CC79B"),
        ("#8F3F73", "#E39BC4"),
        ("#7A5C00", "#F0E442"),
        ("#3F4E8C", "#A9B8FF"),
        ("#5A5F66", "#B9BFC7"),
        ("#A32638", "#FF9AA5"),
    ];

    private const string SeriesVariable = "var(--series-";

    private static readonly MarkerShape[] Markers =
    [
        MarkerShape.FilledCircle, MarkerShape.FilledSquare, MarkerShape.FilledTriangleUp, MarkerShape.FilledDiamond, MarkerShape.OpenCircle, MarkerShape.OpenSquare,
        MarkerShape.OpenTriangleUp,
    ];

    private static readonly (LinePattern Pattern, string? Dashes)[] Patterns =
    [
        (LinePattern.Solid, null), (LinePattern.Dashed, "10 6"), (LinePattern.Dotted, "2 4"), (LinePattern.DenselyDashed, "6 3"),
    ];

    internal static int Count => Colors.Length;

    internal static Color Of(int series) => Color.FromHex(Colors[series % Count].Light);

    internal static MarkerShape MarkerOf(int series) => Markers[series % Markers.Length];

    internal static LinePattern PatternOf(int series) => Patterns[series % Patterns.Length].Pattern;

    /// <summary>The dashes of a line in SVG by its variable and width; null for none.</summary>
    internal static string? DashesOf(string? variable, string? width) =>
        width == Text(ChartPlot.DiagonalWidth) && variable == "var(--ink)" ? "2 4"
        : width == Text(ChartPlot.SeriesWidth) && variable?.StartsWith(SeriesVariable, StringComparison.Ordinal) == true
            ? Patterns[int.Parse(variable.AsSpan(SeriesVariable.Length).TrimEnd(')'), CultureInfo.InvariantCulture) % Patterns.Length].Dashes
            : null;

    /// <summary>A letter for a part of a bar.</summary>
    internal static string LetterOf(int series) => series < 26 ? $"{(char)('A' + series)}" : $"{(char)('A' + (series / 26 % 26) - 1)}{(char)('A' + (series % 26))}";

    /// <summary>The variable that stands for a colour in a page, or null where the colour is none of ours.</summary>
    internal static string? VariableOf(string color)
    {
        var index = Array.FindIndex(Colors, each => each.Light.Equals(color, StringComparison.OrdinalIgnoreCase));
        return index >= 0 ? $"{SeriesVariable}{index})"
            : color.Equals(Ink, StringComparison.OrdinalIgnoreCase) ? "var(--ink)"
            : color.Equals(Grid, StringComparison.OrdinalIgnoreCase) ? "var(--grid)"
            : color.Equals(Paper, StringComparison.OrdinalIgnoreCase) ? "var(--paper)"
            : color.Equals(OnSeries, StringComparison.OrdinalIgnoreCase) ? "var(--on-series)"
            : null;
    }

    /// <summary>The variables' values by day, which print has as well.</summary>
    internal static string LightStyle => $"--paper: #FFFFFF; --ink: {Ink}; --grid: {Grid}; --on-series: #FFFFFF; {string.Join(' ', Colors.Select((each, i) => $"--series-{i}: {each.Light};"))}";

    /// <summary>The same by night.</summary>
    internal static string DarkStyle => $"--paper: #15191E; --ink: #E6EAEF; --grid: #3A424C; --on-series: #101316; {string.Join(' ', Colors.Select((each, i) => $"--series-{i}: {each.Dark};"))}";

    private static string Text(float width) => width.ToString(CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Xml.Linq;

namespace Ferry.Report.Charts;

/// <summary>Charts as SVG that belongs into a page: it takes the page's colours, names nothing that another chart names, and loads nothing.</summary>
internal static class ChartSvg
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    internal static string Of(Chart chart)
    {
        var height = ChartPlot.HeightOf(chart);
        using var plot = ChartPlot.Of(chart, hasPatterns: false);
        var root = XDocument.Parse(plot.GetSvgXml(ChartPlot.Width, height)).Root!;
        var names = root.Descendants().Attributes("id").Select((id, i) => (id.Value, i)).ToDictionary(each => each.Value, each => FormattableString.Invariant($"{chart.Name}-{each.i}"), StringComparer.Ordinal);
        foreach (var element in root.DescendantsAndSelf())
        {
            TakePageColors(element);
            element.SetAttributeValue("stroke-dasharray", Palette.DashesOf((string?)element.Attribute("stroke"), (string?)element.Attribute("stroke-width")));
            Rename(element, names);
        }

        foreach (var text in root.Descendants(Svg + "text"))
        {
            Straighten(text);
            // A legend's entry is as wide as its text in the font it was measured with, and would cut another one.
            text.Parent!.SetAttributeValue("clip-path", null);
        }

        root.SetAttributeValue("width", null);
        root.SetAttributeValue("height", null);
        root.SetAttributeValue("viewBox", FormattableString.Invariant($"0 0 {ChartPlot.Width} {height}"));
        root.SetAttributeValue("role", "img");
        root.SetAttributeValue("aria-label", $"{chart.Title}. {chart.Description}");
        return root.ToString(SaveOptions.DisableFormatting);
    }

    private static void TakePageColors(XElement element)
    {
        if (element.Name.LocalName == "text" && element.Attribute("fill") is null)
        {
            element.SetAttributeValue("fill", "var(--ink)");
        }

        foreach (var name in (string[])["fill", "stroke"])
        {
            if (element.Attribute(name) is { } color && Palette.VariableOf(color.Value) is { } variable)
            {
                color.Value = variable;
            }
        }
    }

    // Names are the whole page's, and ScottPlot numbers those of each plot as it likes.
    private static void Rename(XElement element, Dictionary<string, string> names)
    {
        foreach (var attribute in element.Attributes())
        {
            if (attribute.Name == "id")
            {
                attribute.Value = names[attribute.Value];
            }
            else if (attribute.Value.StartsWith("url(#", StringComparison.Ordinal))
            {
                attribute.Value = $"url(#{names[attribute.Value[5..^1]]})";
            }
            else if (attribute.Name.LocalName == "href" && attribute.Value.StartsWith('#'))
            {
                attribute.Value = $"#{names[attribute.Value[1..]]}";
            }
        }
    }

    // Each letter comes with a place of its own, by the font it was measured with. A reader's font is another one: it gets the whole width.
    private static void Straighten(XElement text)
    {
        var places = Numbers(text, "x");
        text.Value = text.Value.Trim();
        // Of few letters the last one, whose width is not told, would be too much.
        if (places.Count > 3)
        {
            var width = (places[^1] - places[0]) * places.Count / (places.Count - 1);
            text.SetAttributeValue("textLength", width.ToString("0.##", CultureInfo.InvariantCulture));
            text.SetAttributeValue("lengthAdjust", "spacingAndGlyphs");
        }

        foreach (var (name, values) in (ReadOnlySpan<(string, List<double>)>)[("x", places), ("y", Numbers(text, "y"))])
        {
            if (values.Count > 0)
            {
                text.SetAttributeValue(name, values[0].ToString("0.##", CultureInfo.InvariantCulture));
            }
        }

        text.SetAttributeValue("font-family", null);
    }

    private static List<double> Numbers(XElement element, string attribute) =>
        [.. ((string?)element.Attribute(attribute) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
}

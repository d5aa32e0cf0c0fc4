using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Ferry.Report.Charts;
using Xunit;

namespace Ferry.Report.Tests;

public sealed partial class ReportPageTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ferry-report-");

    public static TheoryData<string> Charts => [.. All.Select(chart => chart.Name)];

    private static Chart[] All { get; } = [SamplePage.Lines, SamplePage.Scatter, SamplePage.Bars, SamplePage.Downtime, SamplePage.Timeline];

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Text_is_shown_and_never_becomes_markup()
    {
        var html = SamplePage.Page.ToHtml();
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;fetch(", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_names_nothing_that_is_not_in_it()
    {
        var html = SamplePage.Page.ToHtml();
        var links = Link().Matches(html).Select(match => match.Groups[1].Value).Where(link => !link.StartsWith('#')).ToList();
        Assert.Empty(links);
        Assert.DoesNotContain("@import", html, StringComparison.Ordinal);
        var ids = Id().Matches(html).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(ids.Distinct(), ids);
        var uses = Use().Matches(html).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(uses);
        Assert.All(uses, use => Assert.Contains(use, ids));
    }

    [Theory]
    [MemberData(nameof(Charts))]
    public void A_chart_takes_all_its_colours_from_the_page(string name)
    {
        var svg = XElement.Parse(ChartSvg.Of(All.Single(chart => chart.Name == name)));
        var colors = svg.DescendantsAndSelf().Attributes().Where(each => each.Name.LocalName is "fill" or "stroke").Select(each => each.Value).Distinct().ToList();
        Assert.All(colors, color => Assert.True(color == "none" || color.StartsWith("var(--", StringComparison.Ordinal), color));
        Assert.Contains("var(--ink)", colors);
        Assert.Contains("var(--series-0)", colors);
        Assert.Equal("img", (string?)svg.Attribute("role"));
    }

    [Fact]
    public void Lines_of_two_series_are_broken_in_different_ways()
    {
        var lines = XElement.Parse(ChartSvg.Of(SamplePage.Lines)).Descendants().Where(each => (string?)each.Attribute("stroke-width") == "2").ToList();
        Assert.Contains(lines, line => (string?)line.Attribute("stroke") == "var(--series-0)" && line.Attribute("stroke-dasharray") is null);
        Assert.Contains(lines, line => (string?)line.Attribute("stroke") == "var(--series-1)" && line.Attribute("stroke-dasharray") is not null);
        Assert.Contains("stroke-dasharray", ChartSvg.Of(SamplePage.Scatter), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_series_of_a_chart_is_told_apart_without_its_colour()
    {
        var svg = XElement.Parse(ChartSvg.Of(SamplePage.Downtime));
        var texts = svg.Descendants().Where(each => each.Name.LocalName == "text").Select(each => each.Value).ToList();
        Assert.All(SamplePage.Downtime.Series, (_, i) => Assert.Contains(texts, text => text.StartsWith($"{(char)('A' + i)} ", StringComparison.Ordinal)));
        Assert.Contains("L", texts);
        Assert.NotEqual(Palette.MarkerOf(0), Palette.MarkerOf(1));
        Assert.NotEqual(Palette.PatternOf(0), Palette.PatternOf(1));
    }

    [Fact]
    public void Pictures_and_numbers_are_written_beside_the_page_and_nothing_half_done_is_left()
    {
        var path = Path.Combine(_folder.FullName, "report.html");
        SamplePage.Page.Write(path);
        SamplePage.Page.Write(path);
        Assert.Equal(SamplePage.Page.ToHtml(), File.ReadAllText(path));
        Assert.Equal(
            All.SelectMany(chart => new[] { $"{chart.Name}.csv", $"{chart.Name}.png" }).Order(StringComparer.Ordinal),
            Directory.GetFiles(ReportPage.DataFolderOf(path)).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
        Assert.All(All, chart => Assert.Equal([0x89, 0x50, 0x4E, 0x47], File.ReadAllBytes(Path.Combine(ReportPage.DataFolderOf(path), $"{chart.Name}.png"))[..4]));
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.FullName).Length);
    }

    [Fact]
    public void What_was_there_stays_where_the_page_can_not_be_written()
    {
        var path = Path.Combine(_folder.FullName, "report.html");
        Directory.CreateDirectory($"{path}.partial");
        File.WriteAllText(path, "before");
        Assert.ThrowsAny<Exception>(() => SamplePage.Page.Write(path));
        Assert.Equal("before", File.ReadAllText(path));
    }

    [Fact]
    public void Cells_are_quoted_and_begin_no_formula()
    {
        var table = new ReportTable(["a,b", "c"], [["say \"no\"", "-1.5"], ["=1+1", "-x\r\ny"]]);
        Assert.Equal("\"a,b\",c\r\n\"say \"\"no\"\"\",-1.5\r\n'=1+1,\"'-x\r\ny\"\r\n", table.ToCsv());
    }

    [Fact]
    public void Colours_contrast_with_what_they_are_written_on_by_day_and_by_night()
    {
        foreach (var style in (string[])[Palette.LightStyle, Palette.DarkStyle])
        {
            var colors = Variable().Matches(style).ToDictionary(match => match.Groups[1].Value, match => Luminance(match.Groups[2].Value));
            double Contrast(string one, string other) =>
                (Math.Max(colors[one], colors[other]) + 0.05) / (Math.Min(colors[one], colors[other]) + 0.05);
            Assert.True(Contrast("ink", "paper") >= 7, style);
            Assert.All(Enumerable.Range(0, Palette.Count), i => Assert.InRange(Contrast($"series-{i}", "on-series"), 4.5, 21));
            Assert.All(Enumerable.Range(0, Palette.Count), i => Assert.InRange(Contrast($"series-{i}", "paper"), 3, 21));
        }
    }

    // Source: WCAG 2.1, relative luminance.
    private static double Luminance(string hex)
    {
        double Channel(int start)
        {
            var value = int.Parse(hex.AsSpan(start, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
            return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
        }

        return (0.2126 * Channel(0)) + (0.7152 * Channel(2)) + (0.0722 * Channel(4));
    }

    [GeneratedRegex("(?:href=\"|src=\"|url\\()([^\")]*)")]
    private static partial Regex Link();

    [GeneratedRegex(" id=\"([^\"]+)\"")]
    private static partial Regex Id();

    [GeneratedRegex("url\\(#([^)]+)\\)")]
    private static partial Regex Use();

    [GeneratedRegex("--([a-z0-9-]+): #([0-9A-F]{6})")]
    private static partial Regex Variable();
}

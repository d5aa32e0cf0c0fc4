using System.Text;
using Ferry.Report.Charts;
using Ferry.Report.Pages;
using ScottPlot;

namespace Ferry.Report;

/// <summary>A report: one page that needs nothing beside it, and the charts' pictures and numbers as files.</summary>
/// <remarks>All text is shown as it is, whatever it holds; none of it becomes markup.</remarks>
public sealed record ReportPage
{
    /// <summary>The title.</summary>
    public required string Title { get; init; }

    /// <summary>What it is about, in a sentence.</summary>
    public required string Lead { get; init; }

    /// <summary>The few figures that matter most, each with its name.</summary>
    public required IReadOnlyList<(string Name, string Value)> Figures { get; init; }

    /// <summary>The parts, in order.</summary>
    public required IReadOnlyList<ReportSection> Sections { get; init; }

    /// <summary>The page as HTML.</summary>
    public string ToHtml() => PageHtml.Of(this);

    /// <summary>The folder that <see cref="Write"/> puts pictures and numbers into: <c>report-data</c> beside <c>report.html</c>.</summary>
    public static string DataFolderOf(string path) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $"{Path.GetFileNameWithoutExtension(path)}-data");

    /// <summary>Writes the page, and beside it a PNG and a CSV file of each chart.</summary>
    /// <param name="path">The page's file; one that is there is replaced when the new one is whole.</param>
    /// <exception cref="IOException">A file can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be written.</exception>
    public void Write(string path)
    {
        WriteWhole(path, Encoding.UTF8.GetBytes(ToHtml()));
        var folder = Directory.CreateDirectory(DataFolderOf(path)).FullName;
        foreach (var chart in Sections.Select(section => section.Chart).OfType<Chart>())
        {
            using var plot = ChartPlot.Of(chart, hasPatterns: true);
            plot.FigureBackground.Color = Colors.White;
            plot.Title(chart.Title);
            WriteWhole(Path.Combine(folder, $"{chart.Name}.png"), plot.GetImageBytes(ChartPlot.Width, ChartPlot.HeightOf(chart) + 30, ImageFormat.Png));
            WriteWhole(Path.Combine(folder, $"{chart.Name}.csv"), Encoding.UTF8.GetBytes(chart.ToTable().ToCsv()));
        }
    }

    private static void WriteWhole(string path, byte[] bytes)
    {
        var partial = $"{path}.partial";
        try
        {
            File.WriteAllBytes(partial, bytes);
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }
}

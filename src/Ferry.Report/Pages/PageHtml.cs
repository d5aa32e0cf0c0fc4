using System.Net;
using System.Text;
using Ferry.Report.Charts;

namespace Ferry.Report.Pages;

/// <summary>A report as one HTML document. Its policy lets it load and run nothing.</summary>
internal static class PageHtml
{
    internal static string Of(ReportPage page)
    {
        var html = new StringBuilder();
        html.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n")
            .Append($"<title>{Escape(page.Title)}</title>\n<style>\n{PageStyle.Text}</style>\n</head>\n<body>\n<main>\n")
            .Append($"<h1>{Escape(page.Title)}</h1>\n<p class=\"lead\">{Escape(page.Lead)}</p>\n");
        AppendFigures(html, page);
        foreach (var section in page.Sections)
        {
            Append(html, section);
        }

        return html.Append("</main>\n</body>\n</html>\n").ToString();
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static void AppendFigures(StringBuilder html, ReportPage page)
    {
        html.Append("<dl class=\"figures\">\n");
        foreach (var (name, value) in page.Figures)
        {
            html.Append($"<div><dt>{Escape(name)}</dt><dd>{Escape(value)}</dd></div>\n");
        }

        html.Append("</dl>\n");
    }

    private static void Append(StringBuilder html, ReportSection section)
    {
        html.Append($"<section>\n<h2>{Escape(section.Heading)}</h2>\n");
        if (section.Text is { } text)
        {
            html.Append($"<p>{Escape(text)}</p>\n");
        }

        if (section.Chart is { } chart)
        {
            html.Append($"<figure id=\"{Escape(chart.Name)}\">\n{ChartSvg.Of(chart)}\n<figcaption>{Escape(chart.Description)}</figcaption>\n</figure>\n")
                .Append("<details>\n<summary>The numbers</summary>\n");
            Append(html, chart.ToTable());
            html.Append("</details>\n");
        }

        if (section.Table is { } table)
        {
            Append(html, table);
        }

        html.Append("</section>\n");
    }

    private static void Append(StringBuilder html, ReportTable table)
    {
        html.Append("<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr>");
        foreach (var column in table.Columns)
        {
            html.Append($"<th scope=\"col\">{Escape(column)}</th>");
        }

        html.Append("</tr></thead>\n<tbody>\n");
        foreach (var row in table.Rows)
        {
            html.Append("<tr>");
            foreach (var cell in row)
            {
                html.Append($"<td>{Escape(cell)}</td>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</tbody>\n</table></div>\n");
    }
}

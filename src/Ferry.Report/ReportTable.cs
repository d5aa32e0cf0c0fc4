using System.Globalization;
using System.Text;

namespace Ferry.Report;

/// <summary>A table of text.</summary>
/// <param name="Columns">The heads.</param>
/// <param name="Rows">The rows, each with a cell for each column.</param>
public sealed record ReportTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>A number as tables have it: all its digits up to the twelfth, a point, no grouping.</summary>
    public static string Number(double value) => value.ToString("G12", CultureInfo.InvariantCulture);

    /// <summary>The table as CSV: commas, CRLF, quotes where needed. Source: RFC 4180.</summary>
    public string ToCsv()
    {
        var text = new StringBuilder();
        foreach (var row in Rows.Prepend(Columns))
        {
            text.AppendJoin(',', row.Select(Quote)).Append("\r\n");
        }

        return text.ToString();
    }

    // A spreadsheet takes a cell that begins like a formula for one.
    private static string Quote(string cell)
    {
        var safe = cell.Length > 0 && cell[0] is '=' or '+' or '@' or '\t' or '\r' || (cell.StartsWith('-') && !double.TryParse(cell, CultureInfo.InvariantCulture, out _))
            ? $"'{cell}" : cell;
        return safe.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }
}

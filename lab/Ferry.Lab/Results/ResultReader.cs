using System.Text;
using System.Text.Json;

namespace Ferry.Lab.Results;

/// <summary>Reads what came out of the lab. What is missing, cut, unknown or said twice is a problem, and so is a run that did not end.</summary>
internal static class ResultReader
{
    /// <summary>The most bytes that a line may have.</summary>
    public const int MaxLineBytes = 64 << 10;

    /// <summary>The most bytes that are read.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Reads the file of a run; one that is not there is one without results.</summary>
    /// <inheritdoc cref="Read"/>
    public static LabReport ReadFile(string path, IReadOnlyCollection<string> expected, string? problem)
    {
        if (!File.Exists(path))
        {
            return Read([], expected, problem);
        }

        // The lab may still write, or have written no end of it.
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var data = new byte[MaxBytes + 1];
        return Read(data.AsSpan(0, file.ReadAtLeast(data, data.Length, throwOnEndOfStream: false)), expected, problem);
    }

    /// <summary>Reads the lines of a run.</summary>
    /// <param name="data">What came, one JSON object a line, each ended by a line feed.</param>
    /// <param name="expected">The checks that were to run.</param>
    /// <param name="problem">Why the lab did not end by itself, or null where it did.</param>
    public static LabReport Read(ReadOnlySpan<byte> data, IReadOnlyCollection<string> expected, string? problem)
    {
        var problems = new List<string>();
        if (problem is not null)
        {
            problems.Add(problem);
        }

        if (data.Length > MaxBytes)
        {
            problems.Add($"more than {MaxBytes} bytes of results came");
            data = [];
        }

        var results = ReadLines(data, expected, problems);
        var missing = expected.Except(results.Select(result => result.Name)).ToList();
        problems.AddRange(missing.Select(name => $"{name}: no result came"));
        return new(results, problems);
    }

    private static List<CheckResult> ReadLines(ReadOnlySpan<byte> data, IReadOnlyCollection<string> expected, List<string> problems)
    {
        var results = new List<CheckResult>();
        for (var number = 1; !data.IsEmpty; number++)
        {
            var end = data.IndexOf((byte)'\n');
            if (end < 0)
            {
                problems.Add($"line {number} is cut: {Show(data)}");
                break;
            }

            var line = data[..end];
            data = data[(end + 1)..];
            if (Parse(line) is not { } result)
            {
                problems.Add($"line {number} is no result: {Show(line)}");
            }
            else if (!expected.Contains(result.Name))
            {
                problems.Add($"line {number} is of a check that was not to run: {Show(line)}");
            }
            else if (results.Exists(other => other.Name == result.Name))
            {
                problems.Add($"{result.Name}: a second result came, {result.Outcome.ToString().ToLowerInvariant()}");
            }
            else
            {
                results.Add(result);
            }
        }

        return results;
    }

    private static CheckResult? Parse(ReadOnlySpan<byte> line)
    {
        if (line.Length > MaxLineBytes)
        {
            return null;
        }

        try
        {
            var result = JsonSerializer.Deserialize(line, ResultJson.Default.CheckResult);
            return result is not null && Enum.IsDefined(result.Outcome) && double.IsFinite(result.Milliseconds) && result.Milliseconds >= 0 ? result : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Show(ReadOnlySpan<byte> line) => PlainText.Of(Encoding.UTF8.GetString(line[..Math.Min(line.Length, 120)]));
}

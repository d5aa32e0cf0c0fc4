using System.Globalization;
using System.Text.Json;

namespace Ferry.Cli.Events;

/// <summary>Reads event logs, and takes nothing that a log of this version can't hold.</summary>
/// <remarks>
/// Every line is checked by itself: its length, its nesting, each text (length, no control characters but tabs and line ends), each number
/// (finite, not negative), each member (known, there, once, of its type). Then the lines together: one beginning, one migration, time that
/// does not go back, nothing after the end. A last line without an end was cut off with the process that wrote it, and is left out.
/// </remarks>
internal static class EventLogReader
{
    /// <summary>The longest line, in bytes: the end has an entry a round.</summary>
    public const int LongestLineBytes = 4 << 20;

    /// <summary>The most bytes of a log.</summary>
    public const long LongestLogBytes = 1L << 30;

    private const int LongestText = 64 << 10;
    private static readonly string[] Sides = [EventDocument.SourceSide, EventDocument.DestinationSide];

    /// <summary>Reads a file.</summary>
    /// <exception cref="EventLogException">It is no event log of this version.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static EventLog Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16);
        return Read(stream, path);
    }

    /// <summary>Reads a stream; <paramref name="name"/> is for errors.</summary>
    public static EventLog Read(Stream stream, string name)
    {
        var events = new List<EventDocument>();
        var lines = new LogLines(stream, LongestLineBytes, LongestLogBytes);
        try
        {
            while (lines.Next() is { } line)
            {
                var next = Parse(line.Span);
                CheckOrder(events, next);
                events.Add(next);
            }
        }
        catch (EventLogException e)
        {
            throw new EventLogException(string.Create(CultureInfo.InvariantCulture, $"{name}, line {lines.Number}: {e.Message}"));
        }

        return events.Count > 0 ? new EventLog(events) : throw new EventLogException($"{name}: it holds no event");
    }

    private static EventDocument Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            CheckVersion(line);
            CheckTokens(line);
            var next = JsonSerializer.Deserialize(line, EventJson.Default.EventDocument) ?? throw new EventLogException("null is no event");
            Check(next);
            return next;
        }
        // Text that is no UTF-8 shows itself where it is first used.
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new EventLogException($"no event: {e.Message}");
        }
    }

    // Before all else: what a newer version may mean is not known here.
    private static void CheckVersion(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = EventJson.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals("version"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var version) || version < 1)
                {
                    throw new EventLogException("the version is no whole number from 1");
                }

                if (version > EventDocument.CurrentVersion)
                {
                    throw new EventLogException(string.Create(
                        CultureInfo.InvariantCulture, $"version {version} was written by a newer ferry; this one reads version {EventDocument.CurrentVersion}"));
                }

                return;
            }
        }

        throw new EventLogException("no event: it has no version");
    }

    private static void CheckTokens(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = EventJson.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
            {
                var text = reader.GetString()!;
                if (text.Length > LongestText)
                {
                    throw new EventLogException(string.Create(CultureInfo.InvariantCulture, $"a text has {text.Length} characters, {LongestText} are allowed"));
                }

                if (text.Any(each => char.IsControl(each) && each is not ('\n' or '\r' or '\t')))
                {
                    throw new EventLogException("a text holds control characters");
                }
            }
            else if (reader.TokenType == JsonTokenType.Number && !(reader.GetDouble() is >= 0 and < double.PositiveInfinity))
            {
                throw new EventLogException("a number is negative or too large");
            }
        }
    }

    private static void Check(EventDocument next)
    {
        if (next.KindCount != 1)
        {
            throw new EventLogException(string.Create(CultureInfo.InvariantCulture, $"it says {next.KindCount} things that happened, not one"));
        }

        if (!Guid.TryParseExact(next.Migration, "D", out _))
        {
            throw new EventLogException("the migration's id is none");
        }

        if (!Sides.Contains(next.Side))
        {
            throw new EventLogException($"the side is neither {string.Join(" nor ", Sides)}");
        }

        if (next.Begin?.Policy is { } policy)
        {
            try
            {
                Control.MigrateChoices.Validate(policy);
            }
            catch (Control.ControlException e)
            {
                throw new EventLogException($"the policy is none: {e.Message}");
            }
        }
    }

    private static void CheckOrder(List<EventDocument> before, EventDocument next)
    {
        if ((next.Begin is not null) != (before.Count == 0))
        {
            throw new EventLogException(before.Count == 0 ? "the first event is not the beginning" : "it begins again");
        }

        if (before.Count == 0)
        {
            return;
        }

        if (before[^1].End is not null)
        {
            throw new EventLogException("something happens after the end");
        }

        if ((next.Migration, next.Machine, next.Side) != (before[0].Migration, before[0].Machine, before[0].Side))
        {
            throw new EventLogException("it is of another migration, machine or side than the first");
        }

        if (next.Seconds < before[^1].Seconds)
        {
            throw new EventLogException("it happened before the event of the line before");
        }
    }
}

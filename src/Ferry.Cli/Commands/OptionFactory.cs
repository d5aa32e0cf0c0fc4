using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Ferry.Cli.Values;

namespace Ferry.Cli.Commands;

/// <summary>Options whose values are sizes, rates, durations, counts and choices, with errors that say what was expected.</summary>
internal static class OptionFactory
{
    private delegate bool TryParse<T>(string text, out T value);

    /// <summary>A size, with a default or without one.</summary>
    public static Option<ByteSize> Size(string name, string description, ulong? otherwise) =>
        Parsed(name, description, "SIZE", SizeText.Form, otherwise is { } bytes ? new ByteSize(bytes) : null, (string text, out ByteSize size) =>
        {
            var parsed = SizeText.TryParse(text, out var value);
            size = new ByteSize(value);
            return parsed;
        });

    /// <summary>A rate, with a default or without one.</summary>
    public static Option<ByteRate> Rate(string name, string description, ulong? otherwise) =>
        Parsed(name, description, "RATE", RateText.Form, otherwise is { } bytes ? new ByteRate(bytes) : null, (string text, out ByteRate rate) =>
        {
            var parsed = RateText.TryParse(text, out var value);
            rate = new ByteRate(value);
            return parsed;
        });

    /// <summary>The rate of a link, without a default.</summary>
    public static Option<LinkRate> Link(string name, string description) =>
        Parsed<LinkRate>(name, description, "RATE", LinkText.Form, null, (string text, out LinkRate rate) =>
        {
            var parsed = LinkText.TryParse(text, out var value);
            rate = new LinkRate(value);
            return parsed;
        });

    /// <summary>A percentage with a default, a part of 1.</summary>
    public static Option<Percentage> Percent(string name, string description, double otherwise) =>
        Parsed(name, description, "PERCENT", PercentText.Form, new Percentage(otherwise), (string text, out Percentage percentage) =>
        {
            var parsed = PercentText.TryParse(text, out var value);
            percentage = new Percentage(value);
            return parsed;
        });

    /// <summary>A duration with a default.</summary>
    public static Option<Duration> Time(string name, string description, TimeSpan? otherwise) =>
        Parsed(name, description, "TIME", DurationText.Form, otherwise is { } time ? new Duration(time) : null, (string text, out Duration duration) =>
        {
            var parsed = DurationText.TryParse(text, out var value);
            duration = new Duration(value);
            return parsed;
        });

    /// <summary>A whole number within bounds that both are inclusive.</summary>
    public static Option<int> Count(string name, string description, int otherwise, int least, int most) =>
        Parsed(name, description, "N", $"a whole number from {least} to {most}", otherwise, (string text, out int number) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most);

    /// <summary>One of <paramref name="choices"/>; without a default it is null when not given.</summary>
    public static Option<string?> Choice(string name, string description, string? otherwise, params string[] choices)
    {
        var option = new Option<string?>(name)
        {
            Description = description,
            HelpName = string.Join('|', choices),
            CustomParser = result =>
            {
                var text = TextOf(result);
                if (!choices.Contains(text))
                {
                    result.AddError($"{name}: unknown value '{text}'; {NearestName.Suggest(text, choices)}");
                }

                return text;
            },
        };
        option.CompletionSources.Add(choices);
        if (otherwise is not null)
        {
            option.DefaultValueFactory = _ => otherwise;
        }

        return option;
    }

    /// <summary>A text.</summary>
    public static Option<string?> Text(string name, string description, string helpName, bool required = false) =>
        new(name) { Description = description, HelpName = helpName, Required = required };

    /// <summary>An option that is on or off.</summary>
    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    /// <summary><c>--json</c>.</summary>
    public static Option<bool> Json() => Flag("--json", "Print one JSON document on standard output; progress goes to standard error.");

    /// <summary><c>--machine</c>.</summary>
    public static Option<string?> Machine(bool required) => Text("--machine", "The machine file; docs/machine-file.md describes it.", "FILE", required);

    /// <summary><c>--control</c>.</summary>
    public static Option<string?> Control(bool required) =>
        Text("--control", "The control socket of a machine, as 'ferry run' and 'ferry receive' print it.", "SOCKET", required);

    /// <summary><c>--events</c>.</summary>
    public static Option<string?> Events() =>
        Text("--events", "Write what happens, as it happens, to this file, one JSON object a line; docs/events.md describes it, 'ferry replay' reads it.", "FILE");

    /// <summary><c>--otlp</c>.</summary>
    public static Option<string?> Otlp() => Text(
        "--otlp", "Send measurements and activities of migrations to this OpenTelemetry collector, by OTLP over HTTP; docs/observability.md lists them.", "URL");

    /// <summary><c>--report</c>.</summary>
    public static Option<string?> Report() => Text(
        "--report", "Write a report with charts to this HTML file, and their pictures and numbers into a folder beside it; docs/report.md describes it.", "FILE");

    /// <summary>The option by which a process is another one's.</summary>
    public const string ExitWithInputName = "--exit-with-stdin";

    /// <summary><c>--exit-with-stdin</c>.</summary>
    public static Option<bool> ExitWithInput() =>
        Flag(ExitWithInputName, "End when standard input is closed, so that the process never outlives the one that started it.");

    private static Option<T> Parsed<T>(string name, string description, string helpName, string form, T? otherwise, TryParse<T> parse)
        where T : struct
    {
        var option = new Option<T>(name)
        {
            Description = description,
            HelpName = helpName,
            CustomParser = result =>
            {
                var text = TextOf(result);
                if (!parse(text, out var value))
                {
                    result.AddError($"{name}: '{text}' is not {form}");
                }

                return value;
            },
        };
        if (otherwise is { } value)
        {
            option.DefaultValueFactory = _ => value;
        }

        return option;
    }

    private static string TextOf(ArgumentResult result) => result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
}

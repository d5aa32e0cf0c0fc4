using Ferry.Cli.Values;
using Tomlyn;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Ferry.Cli.Toml;

/// <summary>A TOML text as a flat list of fields with their lines. A field that nobody asks for is an error at the end.</summary>
/// <remarks>Tables, dotted keys and inline tables come to the same: <c>ledger.seed</c>; the second <c>[[device]]</c> is <c>device[1]</c>.
/// Errors are collected rather than thrown, so that one run names them all.</remarks>
internal sealed class TomlFields
{
    private const int DeepestNesting = 8;
    private const int MostErrors = 20;

    private readonly string _file;
    private readonly Dictionary<string, (ValueSyntax Value, int Line)> _fields = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _tables = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _arrays = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly List<string> _errors = [];

    /// <summary>Parses <paramref name="text"/>; <paramref name="file"/> is named in errors.</summary>
    public TomlFields(string text, string file)
    {
        _file = file;
        DocumentSyntax document;
        try
        {
            document = SyntaxParser.Parse(text, new TomlSerializerOptions { MaxDepth = DeepestNesting }, file);
        }
        catch (Exception e) when (e is TomlException or ArgumentException)
        {
            // ArgumentException: the parser's own words for a text that ends within an escape.
            _errors.Add($"{file}: not TOML: {e.Message}");
            return;
        }

        foreach (var diagnostic in document.Diagnostics.Where(each => each.Kind == DiagnosticMessageKind.Error).Take(MostErrors))
        {
            _errors.Add($"{file}:{diagnostic.Span.Start.Line + 1}: {diagnostic.Message}");
        }

        if (_errors.Count == 0)
        {
            Flatten(document);
        }
    }

    /// <summary>Whether anything is wrong so far.</summary>
    public bool HasErrors => _errors.Count > 0;

    /// <summary>The number of tables in the array <paramref name="name"/>.</summary>
    public int CountOf(string name)
    {
        _known.Add(name);
        return _arrays.GetValueOrDefault(name);
    }

    /// <summary>The text of a field, or null where it is missing or no text.</summary>
    public string? GetString(string name)
    {
        switch (Find(name))
        {
            case null:
                return null;
            case StringValueSyntax { Value: { } text }:
                return text;
            default:
                AddError(name, "expected text in quotes");
                return null;
        }
    }

    /// <summary>The texts of an array, each of which is one of <paramref name="choices"/> and there once; null where the field is missing.</summary>
    public string[]? GetChoices(string name, IReadOnlyCollection<string> choices)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value is not ArraySyntax array || array.Items.Any(item => item.Value is not StringValueSyntax))
        {
            AddError(name, "expected an array of texts in quotes");
            return null;
        }

        string[] texts = [.. array.Items.Select(item => ((StringValueSyntax)item.Value!).Value ?? "")];
        foreach (var text in texts.Where(text => !choices.Contains(text)))
        {
            AddError(name, $"unknown value '{Shortened(text)}'; {NearestName.Suggest(text, choices)}");
        }

        if (texts.Length == 0 || texts.Distinct().Count() < texts.Length)
        {
            AddError(name, texts.Length == 0 ? "expected at least one" : "names one twice");
        }

        return texts;
    }

    /// <summary>The line of a field or table; null where it is not there.</summary>
    public int? LineOf(string name) => _fields.TryGetValue(name, out var field) ? field.Line : _tables.TryGetValue(name, out var line) ? line : null;

    /// <summary>The duration of a field: text with a unit.</summary>
    public TimeSpan GetTime(string name, TimeSpan otherwise)
    {
        switch (Find(name))
        {
            case null:
                return otherwise;
            case StringValueSyntax { Value: { } text } when DurationText.TryParse(text, out var time):
                return time;
            case StringValueSyntax { Value: var text }:
                AddError(name, $"'{Shortened(text)}' is not {DurationText.Form}");
                return otherwise;
            default:
                AddError(name, $"expected {DurationText.Form}, in quotes");
                return otherwise;
        }
    }

    /// <summary>The number of a field, within bounds that both are inclusive.</summary>
    public long GetInteger(string name, long otherwise, long least, long most)
    {
        switch (Find(name))
        {
            case null:
                return otherwise;
            case IntegerValueSyntax { Value: var number } when number >= least && number <= most:
                return number;
            case IntegerValueSyntax { Value: var number }:
                AddError(name, $"{number} is not from {least} to {most}");
                return otherwise;
            default:
                AddError(name, $"expected a whole number from {least} to {most}, without quotes");
                return otherwise;
        }
    }

    /// <summary>The truth of a field.</summary>
    public bool GetBoolean(string name, bool otherwise = false)
    {
        switch (Find(name))
        {
            case null:
                return otherwise;
            case BooleanValueSyntax { Value: var value }:
                return value;
            default:
                AddError(name, "expected true or false, without quotes");
                return otherwise;
        }
    }

    /// <summary>The size or rate of a field: text with a suffix, or a plain number of bytes.</summary>
    public ulong GetBytes(string name, ulong otherwise, string form)
    {
        switch (Find(name))
        {
            case null:
                return otherwise;
            case IntegerValueSyntax { Value: >= 0 and var number }:
                return (ulong)number;
            case StringValueSyntax { Value: { } text } when form == RateText.Form ? RateText.TryParse(text, out var bytes) : SizeText.TryParse(text, out bytes):
                return bytes;
            case StringValueSyntax { Value: var text }:
                AddError(name, $"'{Shortened(text)}' is not {form}");
                return otherwise;
            default:
                AddError(name, $"expected {form}");
                return otherwise;
        }
    }

    /// <summary>One of the names in <paramref name="choices"/>.</summary>
    public string GetChoice(string name, string otherwise, IReadOnlyCollection<string> choices)
    {
        if (GetString(name) is not { } text)
        {
            return otherwise;
        }

        if (!choices.Contains(text))
        {
            AddError(name, $"unknown value '{Shortened(text)}'; {NearestName.Suggest(text, choices)}");
            return otherwise;
        }

        return text;
    }

    /// <summary>Adds what is wrong with the field or table <paramref name="name"/>.</summary>
    public void AddError(string name, string message)
    {
        var table = name[..Math.Max(0, name.LastIndexOf('.'))];
        var line = _fields.TryGetValue(name, out var field) ? field.Line : _tables.GetValueOrDefault(name, _tables.GetValueOrDefault(table, 1));
        _errors.Add($"{_file}:{line}: {name}: {message}");
    }

    /// <summary>Says that a field is missing, unless it is there (and was wrong).</summary>
    public void AddMissing(string name, string form)
    {
        if (!_fields.ContainsKey(name))
        {
            AddError(name, $"missing; {form}");
        }
    }

    /// <summary>Throws what is wrong, including every field that was not asked for.</summary>
    /// <exception cref="TomlFileException">Something is.</exception>
    public void ThrowIfWrong()
    {
        foreach (var name in _fields.Keys.Concat(_tables.Keys).Where(name => !_known.Contains(name)))
        {
            if (!_tables.ContainsKey(name) || !_known.Any(known => known.StartsWith(name + ".", StringComparison.Ordinal)))
            {
                AddUnknown(name);
            }
        }

        if (_errors.Count > 0)
        {
            throw new TomlFileException([.. _errors.Take(MostErrors)]);
        }
    }

    private static string Shortened(string? text) => text is { Length: > 40 } ? text[..40] + "..." : text ?? "";

    private void AddUnknown(string name)
    {
        var dot = name.LastIndexOf('.');
        var table = name[..(dot + 1)];
        string[] siblings = [.. _known.Where(known => known.StartsWith(table, StringComparison.Ordinal))
            .Select(known => known[table.Length..].Split('.', '[')[0]).Distinct(StringComparer.Ordinal)];
        if (siblings.Length > 0)
        {
            AddError(name, $"unknown key; {NearestName.Suggest(name[(dot + 1)..].Split('[')[0], siblings)}");
        }
        else if (!_tables.ContainsKey(name))
        {
            // Its table is unknown and reported as that, unless it was only ever written as a dotted key.
            if (!_tables.ContainsKey(name[..Math.Max(0, dot)]))
            {
                AddError(name, "unknown key");
            }
        }
    }

    private ValueSyntax? Find(string name)
    {
        _known.Add(name);
        return _fields.TryGetValue(name, out var field) ? field.Value : null;
    }

    private void Flatten(DocumentSyntax document)
    {
        foreach (var item in document.KeyValues)
        {
            Flatten("", item, DeepestNesting);
        }

        foreach (var table in document.Tables)
        {
            var name = PathOf("", table.Name);
            if (table is TableArraySyntax)
            {
                var index = _arrays.GetValueOrDefault(name);
                _arrays[name] = index + 1;
                name = $"{name}[{index}]";
            }

            _tables.TryAdd(name, table.Span.Start.Line + 1);
            foreach (var item in table.Items)
            {
                Flatten(name + ".", item, DeepestNesting);
            }
        }
    }

    private void Flatten(string prefix, KeyValueSyntax item, int depthLeft)
    {
        var name = PathOf(prefix, item.Key);
        var line = item.Span.Start.Line + 1;
        if (item.Value is InlineTableSyntax table && depthLeft > 0)
        {
            _tables.TryAdd(name, line);
            foreach (var inner in table.Items)
            {
                if (inner.KeyValue is { } pair)
                {
                    Flatten(name + ".", pair, depthLeft - 1);
                }
            }
        }
        else if (item.Value is { } value && !_fields.TryAdd(name, (value, line)))
        {
            _errors.Add($"{_file}:{line}: {name}: written twice");
        }
    }

    private static string PathOf(string prefix, KeySyntax? key)
    {
        if (key is null)
        {
            return prefix;
        }

        var path = prefix + NameOf(key.Key);
        foreach (var item in key.DotKeys)
        {
            path += "." + NameOf(item.Key);
        }

        return path;
    }

    private static string NameOf(BareKeyOrStringValueSyntax? key) => key switch
    {
        BareKeySyntax bare => bare.Key?.Text ?? "",
        StringValueSyntax quoted => quoted.Value ?? "",
        _ => "",
    };
}

using Ferry.Cli.Toml;
using Ferry.Cli.Values;

namespace Ferry.Cli.Policies;

/// <summary>The fields of a policy file, and where each was found.</summary>
internal sealed class PolicyFields(TomlFields toml, string fileName)
{
    private readonly Dictionary<string, string> _origins = new(StringComparer.Ordinal);

    /// <summary>The fields.</summary>
    public TomlFields Toml => toml;

    /// <summary>Where fields were found that were noted.</summary>
    public IReadOnlyDictionary<string, string> Origins => _origins;

    /// <summary>Remembers where a field is, and gives its name.</summary>
    public string Note(string field)
    {
        if (OriginOf(field) is { } origin)
        {
            _origins[field] = origin;
        }

        return field;
    }

    /// <summary>Where a field or table is; null where it is not there.</summary>
    public string? OriginOf(string field) => toml.LineOf(field) is { } line ? FormattableString.Invariant($"{fileName}:{line}") : null;

    /// <summary>One of <paramref name="choices"/>, or null where it is missing.</summary>
    public string? GetOptionalChoice(string field, string[] choices) =>
        toml.GetChoice(field, "", choices) is { Length: > 0 } text ? text : null;

    /// <summary>When a device enters a P2P state for the sync, or null where it is missing.</summary>
    public string? GetSync(string field) =>
        toml.GetString(field) is { } text && PolicyChoices.TryParseSync(text, out _) ? text : GetOptionalChoice(field, PolicyChoices.Sync);

    /// <summary>A page size, 0 for <c>auto</c>, or null where it is missing.</summary>
    public ulong? GetPageSize(string field)
    {
        const string form = "auto, or a power of two from 4K to 1G";
        if (toml.GetString(field) is not { } text)
        {
            return null;
        }

        if (text == PolicyChoices.Auto)
        {
            return 0;
        }

        if (!SizeText.TryParse(text, out var bytes) || !ulong.IsPow2(bytes) || bytes is < 4096 or > 1 << 30)
        {
            toml.AddError(field, $"expected {form}");
            return null;
        }

        return bytes;
    }

    /// <summary>A duration in seconds, within bounds that both are inclusive.</summary>
    public double GetSeconds(string field, double otherwise, double least, double most)
    {
        var seconds = toml.GetTime(Note(field), TimeSpan.FromSeconds(otherwise)).TotalSeconds;
        if (seconds >= least && seconds <= most)
        {
            return seconds;
        }

        toml.AddError(field, FormattableString.Invariant($"{seconds} s is not from {least} to {most} s"));
        return otherwise;
    }
}

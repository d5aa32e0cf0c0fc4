using System.Globalization;

namespace Ferry.Cli.Values;

/// <summary>Sizes as people write them: a whole number of bytes with an optional binary suffix, <c>512M</c>, <c>64KiB</c>, <c>4G</c>.</summary>
internal static class SizeText
{
    /// <summary>What a size looks like, for error messages.</summary>
    public const string Form = "a whole number with an optional suffix K, M, G or T (1024 each), for instance 512M";

    private const string Suffixes = "KMGT";

    /// <summary>Parses a size in bytes. The suffix may be followed by <c>B</c> or <c>iB</c>; case does not matter.</summary>
    public static bool TryParse(string text, out ulong bytes)
    {
        bytes = 0;
        var digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
        {
            digits++;
        }

        if (!ulong.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !TryGetShift(text.AsSpan(digits), out var shift)
            || number > ulong.MaxValue >> shift)
        {
            return false;
        }

        bytes = number << shift;
        return true;
    }

    /// <summary>The shortest exact form, which <see cref="TryParse"/> reads back.</summary>
    public static string Exact(ulong bytes)
    {
        var power = 0;
        while (power < Suffixes.Length && bytes != 0 && bytes % 1024 == 0)
        {
            bytes /= 1024;
            power++;
        }

        return bytes.ToString(CultureInfo.InvariantCulture) + (power == 0 ? "" : Suffixes[power - 1]);
    }

    /// <summary>A rounded form for people, for instance <c>1.5 GiB</c>.</summary>
    public static string ForPeople(double bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var unit = 0;
        while (unit < units.Length - 1 && bytes >= 1000)
        {
            bytes /= 1024;
            unit++;
        }

        var format = unit == 0 || bytes >= 99.95 ? "0" : bytes >= 9.995 ? "0.#" : "0.##";
        return $"{bytes.ToString(format, CultureInfo.InvariantCulture)} {units[unit]}";
    }

    private static bool TryGetShift(ReadOnlySpan<char> suffix, out int shift)
    {
        shift = 0;
        if (suffix.IsEmpty || suffix.Equals("B", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var rest = suffix[1..];
        shift = 10 * (1 + Suffixes.IndexOf(char.ToUpperInvariant(suffix[0]), StringComparison.Ordinal));
        return shift > 0 && (rest.IsEmpty || rest.Equals("B", StringComparison.OrdinalIgnoreCase) || rest.Equals("iB", StringComparison.OrdinalIgnoreCase));
    }
}

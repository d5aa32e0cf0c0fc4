using System.Globalization;

namespace Ferry.Cli.Values;

/// <summary>A plain number on the command line: decimal, or 0x and hexadecimal digits.</summary>
internal static class NumberText
{
    /// <summary>What a number looks like, for error messages.</summary>
    public const string Form = "a number, for instance 12 or 0x1f";

    /// <summary>Parses a number of 64 bits.</summary>
    public static bool TryParse(string text, out ulong number) => text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

using System.Globalization;

namespace Ferry.Cli.Values;

/// <summary>Parts of a whole as people write them: <c>5%</c>.</summary>
internal static class PercentText
{
    /// <summary>What it looks like, for error messages.</summary>
    public const string Form = "a percentage from 0% to 100%, for instance 5%";

    /// <summary>Parses a percentage to a part, 0 to 1.</summary>
    public static bool TryParse(string text, out double part)
    {
        part = 0;
        var isNumber = text.EndsWith('%')
            && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out part);
        part /= 100;
        return isNumber && part is >= 0 and <= 1;
    }
}

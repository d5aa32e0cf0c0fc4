using System.Globalization;

namespace Ferry.Cli.Values;

/// <summary>Rates of links as people write them: bits a second by thousands, <c>400Gbps</c>, or bytes as <see cref="RateText"/> has them.</summary>
internal static class LinkText
{
    /// <summary>What it looks like, for error messages.</summary>
    public const string Form = "a rate, for instance 400Gbps, 1.5Mbps or 100M (bytes, 1024 each)";

    private const double MostBytesPerSecond = 1e15;

    private static readonly (string Suffix, double Bits)[] Units = [("Kbps", 1e3), ("Mbps", 1e6), ("Gbps", 1e9), ("Tbps", 1e12), ("bps", 1)];

    /// <summary>Parses a rate to bytes a second; more than 0, infinite for <c>max</c>.</summary>
    public static bool TryParse(string text, out double bytesPerSecond)
    {
        bytesPerSecond = 0;
        foreach (var (suffix, bits) in Units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                var isNumber = double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number);
                bytesPerSecond = number * bits / 8;
                return isNumber && bytesPerSecond is > 0 and <= MostBytesPerSecond;
            }
        }

        var isRate = RateText.TryParse(text, out var bytes);
        bytesPerSecond = bytes == RateText.Unlimited ? double.PositiveInfinity : bytes;
        return isRate && bytesPerSecond > 0;
    }
}

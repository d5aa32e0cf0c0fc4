namespace Ferry.Cli.Values;

/// <summary>Rates as people write them: a size per second, <c>16M</c> or <c>16M/s</c>.</summary>
internal static class RateText
{
    /// <summary>What a rate looks like, for error messages.</summary>
    public const string Form = "bytes per second: a whole number with an optional suffix K, M, G or T (1024 each), for instance 16M";

    /// <summary>Parses a rate in bytes per second; <c>/s</c> may follow.</summary>
    public static bool TryParse(string text, out ulong bytesPerSecond) =>
        SizeText.TryParse(text.EndsWith("/s", StringComparison.OrdinalIgnoreCase) ? text[..^2] : text, out bytesPerSecond);

    /// <summary>A rounded form for people, for instance <c>1.5 GiB/s</c>.</summary>
    public static string ForPeople(double bytesPerSecond) => SizeText.ForPeople(bytesPerSecond) + "/s";
}

namespace Ferry.Cli.Values;

/// <summary>Rates as people write them: a size per second, <c>16M</c> or <c>16M/s</c>.</summary>
internal static class RateText
{
    /// <summary>What a rate looks like, for error messages.</summary>
    public const string Form = "bytes per second: a whole number with an optional suffix K, M, G or T (1024 each), for instance 16M, or max";

    /// <summary>What <c>max</c> stands for: no limit.</summary>
    public const ulong Unlimited = ulong.MaxValue;

    private const string UnlimitedText = "max";

    /// <summary>Parses a rate in bytes per second, which <c>/s</c> may follow, or <c>max</c>.</summary>
    public static bool TryParse(string text, out ulong bytesPerSecond)
    {
        bytesPerSecond = Unlimited;
        return text == UnlimitedText || SizeText.TryParse(text.EndsWith("/s", StringComparison.OrdinalIgnoreCase) ? text[..^2] : text, out bytesPerSecond);
    }

    /// <summary>The shortest exact form, which <see cref="TryParse"/> reads back.</summary>
    public static string Exact(ulong bytesPerSecond) => bytesPerSecond == Unlimited ? UnlimitedText : SizeText.Exact(bytesPerSecond);

    /// <summary>The rate as a limit: null where there is none.</summary>
    public static ulong? ToLimit(ulong bytesPerSecond) => bytesPerSecond == Unlimited ? null : bytesPerSecond;

    /// <summary>A rounded form for people, for instance <c>1.5 GiB/s</c>.</summary>
    public static string ForPeople(double bytesPerSecond) => SizeText.ForPeople(bytesPerSecond) + "/s";
}

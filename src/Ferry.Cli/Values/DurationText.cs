using System.Globalization;

namespace Ferry.Cli.Values;

/// <summary>Durations as people write them: a number and a unit, <c>300ms</c>, <c>1.5s</c>, <c>2m</c>.</summary>
internal static class DurationText
{
    /// <summary>What a duration looks like, for error messages.</summary>
    public const string Form = "a number with a unit us, ms, s, m or h, for instance 300ms";

    private static readonly (string Suffix, long Ticks)[] Units =
    [
        ("us", TimeSpan.TicksPerMicrosecond),
        ("ms", TimeSpan.TicksPerMillisecond),
        ("s", TimeSpan.TicksPerSecond),
        ("m", TimeSpan.TicksPerMinute),
        ("h", TimeSpan.TicksPerHour),
    ];

    /// <summary>Parses a duration; the unit is required, so that nobody guesses it. At most 10,000 hours.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        foreach (var (suffix, ticks) in Units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
                && decimal.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number <= 10_000m * TimeSpan.TicksPerHour / ticks)
            {
                duration = TimeSpan.FromTicks((long)(number * ticks));
                return true;
            }
        }

        return false;
    }

    /// <summary>An exact form that <see cref="TryParse"/> reads back, to the microsecond.</summary>
    public static string Exact(TimeSpan duration)
    {
        var (suffix, ticks) = Units.Last(unit => unit.Suffix == "us" || (duration.Ticks != 0 && duration.Ticks % unit.Ticks == 0));
        return (duration.Ticks / ticks).ToString(CultureInfo.InvariantCulture) + suffix;
    }

    /// <summary>A rounded form for people, for instance <c>12.3 ms</c>.</summary>
    public static string ForPeople(double seconds) => seconds switch
    {
        < 0.001 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0} µs"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.#} ms"),
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0.0} min"),
    };
}

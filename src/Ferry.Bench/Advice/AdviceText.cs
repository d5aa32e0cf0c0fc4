using System.Globalization;

namespace Ferry.Bench.Advice;

/// <summary>Reasons in words.</summary>
internal static class AdviceText
{
    internal static string Why(Candidate chosen, Candidate? other, AdviceLimits limits)
    {
        var first = $"{Capital(chosen.Trackers)} moves the machine in {Seconds(chosen.Prediction.TotalSeconds)} with {Seconds(chosen.Prediction.DowntimeSeconds)} of downtime "
            + $"and takes {Percent(chosen.Prediction.Slowdown)} of the work of whom it slows most.";
        return other is null ? $"{first} Nothing else was measured that could track these sources." : $"{first} {Compare(chosen, other, limits)}";
    }

    internal static string WhyNone(int tried, IReadOnlyList<Relaxation> relaxations, bool together)
    {
        if (tried == 0)
        {
            return "No policy moves this machine: what it dirties never becomes little enough, even throttled. Lower the dirty rate, or give a faster link.";
        }

        var what = relaxations.Select(each => $"--{each.Limit} from {Value(each.Limit, each.From)} to {Value(each.Limit, each.To)}").ToList();
        return together
            ? $"None of {Count(tried)} policies meets the limits, and no single limit is the reason. Raise {string.Join(" and ", what)}."
            : $"None of {Count(tried)} policies meets the limits. Raise {string.Join(", or ", what)}.";
    }

    /// <summary>A limit or measure with its unit.</summary>
    internal static string Value(string limit, double value) => limit == "max-slowdown" ? Percent(value) : Seconds(value);

    private static string Compare(Candidate chosen, Candidate other, AdviceLimits limits)
    {
        var broken = Relaxing.Broken(other, limits).ToList();
        var time = other.Prediction.TotalSeconds - chosen.Prediction.TotalSeconds;
        var differences = new List<string>
        {
            time >= 0 ? $"would take {Seconds(time)} more" : $"would save {Seconds(-time)}",
            other.Prediction.Slowdown >= chosen.Prediction.Slowdown
                ? $"take {Percent(other.Prediction.Slowdown)} of the work"
                : $"take only {Percent(other.Prediction.Slowdown)} of the work",
        };
        var limit = broken.Count > 0 ? $", which breaks the limit of {string.Join(" and ", broken)}" : "";
        return $"{Capital(other.Trackers)}, the fastest other choice, {string.Join(" and ", differences)}, with {Seconds(other.Prediction.DowntimeSeconds)} of downtime{limit}.";
    }

    private static string Capital(string text) => "Tracking " + text;

    private static string Count(int count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{part * 100:0.#} %");

    private static string Seconds(double seconds) => seconds switch
    {
        < 0.0995 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0.#} ms"),
        < 0.9995 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0} ms"),
        < 100 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.##} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0.#} min"),
    };
}

namespace Ferry.Bench.Advice;

/// <summary>Compares policies with limits, one limit at a time.</summary>
internal static class Relaxing
{
    private static readonly (string Name, Func<AdviceLimits, double> Limit, Func<Candidate, double> Measure)[] All =
    [
        ("downtime", limits => limits.DowntimeSeconds, each => each.Prediction.DowntimeSeconds),
        ("max-slowdown", limits => limits.Slowdown, each => each.Prediction.Slowdown),
        ("max-time", limits => limits.TotalSeconds, each => each.Prediction.TotalSeconds),
        ("max-cpu", limits => limits.CpuSeconds, each => each.Prediction.CpuSeconds),
    ];

    /// <summary>How far below each finite limit a policy stays, as a part of the limit.</summary>
    internal static Dictionary<string, double> Margins(Candidate candidate, AdviceLimits limits) =>
        All.Where(each => double.IsFinite(each.Limit(limits)))
            .ToDictionary(each => each.Name, each => each.Limit(limits) == 0 ? 0 : 1 - (each.Measure(candidate) / each.Limit(limits)));

    /// <summary>The limits that a policy breaks.</summary>
    internal static IEnumerable<string> Broken(Candidate candidate, AdviceLimits limits) =>
        All.Where(each => each.Measure(candidate) > each.Limit(limits)).Select(each => each.Name);

    /// <summary>What to raise so that one of <paramref name="frontier"/>, of which none meets the limits, does.</summary>
    internal static (List<Relaxation> Relaxations, bool Together) Of(IReadOnlyList<Candidate> frontier, AdviceLimits limits)
    {
        var alone = new List<Relaxation>();
        foreach (var limit in All)
        {
            var rest = frontier.Where(each => Broken(each, limits).All(name => name == limit.Name)).MinBy(limit.Measure);
            if (rest is not null)
            {
                alone.Add(new Relaxation(limit.Name, limit.Limit(limits), limit.Measure(rest), rest));
            }
        }

        if (alone.Count > 0)
        {
            return ([.. alone.OrderBy(each => each.To / Math.Max(each.From, 1e-9))], false);
        }

        var least = frontier.MinBy(each => All.Max(limit => limit.Measure(each) / Math.Max(limit.Limit(limits), 1e-9)));
        return least is null
            ? ([], false)
            : ([.. All.Where(limit => limit.Measure(least) > limit.Limit(limits)).Select(limit => new Relaxation(limit.Name, limit.Limit(limits), limit.Measure(least), least))], true);
    }
}

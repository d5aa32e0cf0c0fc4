namespace Ferry.Bench.Advice;

/// <summary>The policies that no other one is better than in everything.</summary>
internal static class Frontier
{
    // Differences below it are no reason to show one more policy: two percent, and a tenth of a percent of slowdown.
    private const double RelativeStep = 0.02, SlowdownStep = 0.001;
    private const double LeastSeconds = 1e-4;

    /// <summary>Those of <paramref name="candidates"/> that none dominates, in order of total time.</summary>
    internal static List<Candidate> Of(IReadOnlyCollection<Candidate> candidates)
    {
        var kept = new List<Candidate>();
        // What comes later in this order can't dominate what comes before.
        foreach (var candidate in candidates.OrderBy(each => each.Prediction.TotalSeconds).ThenBy(each => each.Measures().Sum()))
        {
            if (!kept.Exists(each => each.Dominates(candidate) || each.Measures().SequenceEqual(candidate.Measures())))
            {
                kept.Add(candidate);
            }
        }

        return kept;
    }

    /// <summary>At most <paramref name="most"/> of a frontier: <paramref name="always"/>, the best of each measure, and what differs most from those.</summary>
    internal static List<Candidate> Few(IReadOnlyList<Candidate> frontier, Candidate? always, int most)
    {
        var few = new List<Candidate>();
        if (always is not null)
        {
            few.Add(always);
        }

        for (var measure = 0; frontier.Count > 0 && measure < 4; measure++)
        {
            Add(frontier.MinBy(each => Steps(each)[measure])!);
        }

        while (few.Count < most && frontier.Except(few).MaxBy(each => few.Min(other => Distance(each, other))) is { } next && few.TrueForAll(each => Distance(each, next) > 0))
        {
            few.Add(next);
        }

        return [.. few.Take(most).OrderBy(each => each.Prediction.TotalSeconds)];

        void Add(Candidate candidate)
        {
            if (!few.Exists(each => Distance(each, candidate) == 0))
            {
                few.Add(candidate);
            }
        }
    }

    /// <summary>The measures in steps that are worth telling apart.</summary>
    internal static double[] Steps(Candidate candidate)
    {
        var measures = candidate.Measures();
        for (var i = 0; i < measures.Length; i++)
        {
            measures[i] = i == 2 ? Math.Round(measures[i] / SlowdownStep) : Math.Round(Math.Log(Math.Max(LeastSeconds, measures[i])) / RelativeStep);
        }

        return measures;
    }

    private static double Distance(Candidate left, Candidate right) => Steps(left).Zip(Steps(right)).Sum(pair => Math.Abs(pair.First - pair.Second));
}

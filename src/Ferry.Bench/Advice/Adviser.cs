namespace Ferry.Bench.Advice;

/// <summary>Chooses a policy for a question, and says why.</summary>
/// <remarks>Of the policies within the limits it takes those whose total time is within 5 % and 50 ms of the least, of them the one that slows
/// guest and devices least, and of those the one that takes least processor time. Without state; any thread.</remarks>
public static class Adviser
{
    /// <summary>The most policies that are shown.</summary>
    public const int MostShown = 6;

    private const double NearPart = 1.05, NearSeconds = 0.05;

    /// <summary>Advises.</summary>
    /// <exception cref="ArgumentException">A source can't be tracked, a limit makes no sense, or there are too many combinations.</exception>
    public static AdviceResult Advise(AdviceQuestion question)
    {
        ArgumentNullException.ThrowIfNull(question);
        Check(question);
        var candidates = PolicySearch.Run(question);
        var frontier = Frontier.Of(candidates);
        var recommended = Choose(frontier, question.Limits);
        var (relaxations, together) = recommended is null ? Relaxing.Of(frontier, question.Limits) : ([], false);
        var shown = Frontier.Few(frontier, recommended ?? relaxations.FirstOrDefault()?.Candidate, MostShown);
        return new AdviceResult
        {
            Recommended = recommended,
            Shown = shown,
            Tried = candidates.Count,
            Reason = recommended is null
                ? AdviceText.WhyNone(candidates.Count, relaxations, together)
                : AdviceText.Why(recommended, RunnerUp(candidates, recommended), question.Limits),
            Margins = recommended is null ? new Dictionary<string, double>() : Relaxing.Margins(recommended, question.Limits),
            Sensitivities = recommended is null ? [] : SensitivityScan.Of(question, recommended),
            Relaxations = relaxations,
            RelaxTogether = together,
        };
    }

    /// <summary>The policy to take of a frontier; null where none meets the limits.</summary>
    internal static Candidate? Choose(IReadOnlyList<Candidate> frontier, AdviceLimits limits)
    {
        var fit = frontier.Where(each => each.Meets(limits)).ToList();
        if (fit.Count == 0)
        {
            return null;
        }

        var enough = (fit.Min(each => each.Prediction.TotalSeconds) * NearPart) + NearSeconds;
        return fit.Where(each => each.Prediction.TotalSeconds <= enough)
            .OrderBy(each => Frontier.Steps(each)[2])
            .ThenBy(each => Frontier.Steps(each)[3])
            .ThenBy(each => each.Prediction.TotalSeconds)
            .First();
    }

    // The fastest of those that track otherwise: what the reader would ask about. A device that stands still is no answer to who tracks it.
    private static Candidate? RunnerUp(List<Candidate> candidates, Candidate recommended) =>
        candidates.Where(each => !each.TracksLike(recommended)).OrderBy(each => each.Prediction.Slowdown >= 1).ThenBy(each => each.Prediction.TotalSeconds).FirstOrDefault();

    private static void Check(AdviceQuestion question)
    {
        var limits = question.Limits;
        Require(limits.DowntimeSeconds >= 0.001, "a downtime limit is at least 1 ms");
        Require(limits.Slowdown >= 0, "a slowdown limit is 0 % or more");
        Require(limits.TotalSeconds > 0 && limits.CpuSeconds > 0, "a limit of time is more than 0");
        Require(question.Workload.DataBytes <= question.Workload.MemoryBytes, "more data than memory");
        Require(question.Link.BytesPerSecond > 0, "a link carries something");
        foreach (var writer in question.Workload.Writers)
        {
            Require(question.Sources.Any(source => source.Source == writer.Source && source.Costs.Count > 0), $"nothing was measured that tracks {writer.Source}");
            Require(writer.WorkingSetBytes <= question.Workload.MemoryBytes, $"the working set of {writer.Source} is larger than memory");
        }
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new ArgumentException(what + ".");
        }
    }
}

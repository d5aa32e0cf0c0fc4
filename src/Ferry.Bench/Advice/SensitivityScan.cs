using Ferry.Bench.Model;

namespace Ferry.Bench.Advice;

/// <summary>Finds what would change an advice: each figure of the question is made larger and smaller by steps until it does.</summary>
internal static class SensitivityScan
{
    private static readonly double[] Factors = [1.1, 1.25, 1.5, 2, 3, 5, 10];

    /// <summary>The figures whose change by ten times or less changes who tracks what, the nearest first.</summary>
    internal static List<Sensitivity> Of(AdviceQuestion question, Candidate recommended)
    {
        // Streams and compression stay as advised: whether they change is no reason to measure a tracker again.
        var few = question with { Channels = [recommended.Policy.Channels], Engine = question.Engine with { Codecs = [recommended.Policy.Codec] } };
        var found = new List<Sensitivity>();
        foreach (var (figure, change) in Figures(few))
        {
            var nearest = Factors.SelectMany(factor => new[] { factor, 1 / factor })
                .Select(factor => (Factor: factor, Then: Then(change(factor))))
                .FirstOrDefault(each => each.Then is not null && !each.Then.TracksLike(recommended));
            if (nearest.Then is not null)
            {
                found.Add(new Sensitivity(figure, nearest.Factor, nearest.Then.Trackers));
            }
        }

        return [.. found.OrderBy(each => Math.Abs(Math.Log(each.Factor)))];
    }

    private static Candidate? Then(AdviceQuestion question) => Adviser.Choose(Frontier.Of(PolicySearch.Run(question)), question.Limits);

    private static IEnumerable<(string Figure, Func<double, AdviceQuestion> Change)> Figures(AdviceQuestion question)
    {
        if (double.IsFinite(question.Link.BytesPerSecond))
        {
            yield return ("the link's rate", factor => question with { Link = question.Link with { BytesPerSecond = question.Link.BytesPerSecond * factor } });
        }

        yield return ("the engine's copy rate", factor => question with
        {
            Engine = question.Engine with
            {
                CopyBytesPerSecond = question.Engine.CopyBytesPerSecond * factor,
                MostCopyBytesPerSecond = question.Engine.MostCopyBytesPerSecond * factor,
            },
        });
        foreach (var writer in question.Workload.Writers)
        {
            yield return ($"the dirty rate of {writer.Source}", factor => WithWriter(question, writer, writer with { DirtyBytesPerSecond = writer.DirtyBytesPerSecond * factor }));
            yield return ($"the working set of {writer.Source}", factor => WithWriter(
                question, writer, writer with { WorkingSetBytes = Math.Min(question.Workload.MemoryBytes, writer.WorkingSetBytes * factor) }));
        }

        foreach (var (source, costs) in question.Sources.SelectMany(source => source.Costs.Select(costs => (source, costs))))
        {
            if (costs.Slowdown > 0)
            {
                yield return ($"the slowdown of {source.Source} by {costs}", factor => WithCosts(question, source, costs, costs with { Slowdown = Math.Min(1, costs.Slowdown * factor) }));
            }

            yield return ($"the report cost of {costs} for {source.Source}", factor => WithCosts(question, source, costs, costs with
            {
                ReportSeconds = costs.ReportSeconds * factor,
                ReportSecondsPerGiB = costs.ReportSecondsPerGiB * factor,
                ReportSecondsPerPage = costs.ReportSecondsPerPage * factor,
            }));
        }
    }

    private static AdviceQuestion WithWriter(AdviceQuestion question, WriterLoad old, WriterLoad other) =>
        question with { Workload = question.Workload with { Writers = [.. question.Workload.Writers.Select(each => each == old ? other : each)] } };

    private static AdviceQuestion WithCosts(AdviceQuestion question, SourceOptions source, ProviderCosts old, ProviderCosts other) => question with
    {
        Sources = [.. question.Sources.Select(each => each == source ? each with { Costs = [.. each.Costs.Select(costs => costs == old ? other : costs)] } : each)],
    };
}

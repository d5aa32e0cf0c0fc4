using Ferry.Bench.Model;
using Ferry.Migration.Convergence;
using Ferry.Migration.Planning;

namespace Ferry.Bench.Advice;

/// <summary>Tries every policy that the question leaves open.</summary>
internal static class PolicySearch
{
    /// <summary>The most combinations of trackers and sync policies that are tried.</summary>
    internal const int MostCombinations = 20_000;

    // Of what the overhead leaves of the limit. What is written between the last round and the stop is in no round's prediction; a lower limit
    // makes up for it.
    private static readonly double[] LimitParts = [1, 0.75, 0.5, 0.25];
    private const double UnlimitedDowntime = 0.3;
    private static readonly StallAction[] StallActions = [StallAction.Stop, StallAction.Throttle];

    /// <summary>All policies that move the machine, each with the highest downtime limit that keeps to the question's.</summary>
    /// <exception cref="ArgumentException">A source can't be tracked, or there are too many combinations.</exception>
    internal static List<Candidate> Run(AdviceQuestion question)
    {
        var model = new PreCopyModel(question.Engine, question.Link);
        var candidates = new List<Candidate>();
        foreach (var trackers in Combinations(question.Sources))
        {
            foreach (var channels in question.Channels)
            {
                foreach (var codec in question.Engine.Codecs)
                {
                    var policy = new PolicyChoice { Trackers = trackers, Channels = channels, Codec = codec, Verify = question.Verify };
                    candidates.AddRange(StallActions.Select(onStall => Best(model, question, policy, onStall)).OfType<Candidate>());
                }
            }
        }

        return candidates;
    }

    private static Candidate? Best(PreCopyModel model, AdviceQuestion question, PolicyChoice policy, StallAction onStall)
    {
        Candidate? best = null;
        var most = double.IsFinite(question.Limits.DowntimeSeconds) ? question.Limits.DowntimeSeconds : UnlimitedDowntime;
        // Where the overhead alone is more, a migration ends by a stall, and what it takes then is what the question's limit is held against.
        var overhead = Math.Min(model.SwitchoverSeconds(question.Workload, policy), most);
        foreach (var part in overhead < most ? LimitParts : [1])
        {
            var convergence = new ConvergenceOptions
            {
                DowntimeLimit = TimeSpan.FromSeconds(Math.Max(0.001, overhead + ((most - overhead) * part))),
                SwitchoverOverhead = TimeSpan.FromSeconds(overhead),
                OnStall = onStall,
                WhenExhausted = StallAction.Fail,
                MaxRounds = 30,
            };
            var choice = policy with { Convergence = convergence };
            var candidate = new Candidate(choice, model.Predict(question.Workload, choice));
            if (!candidate.Prediction.Moves)
            {
                continue;
            }

            // Where the rounds ended for another reason, a throttle say, a lower limit is no gain by itself.
            best = best is null || candidate.Prediction.DowntimeSeconds < best.Prediction.DowntimeSeconds ? candidate : best;
            if (best.Prediction.DowntimeSeconds <= question.Limits.DowntimeSeconds)
            {
                break;
            }
        }

        return best;
    }

    private static IEnumerable<TrackedWriter[]> Combinations(IReadOnlyList<SourceOptions> sources)
    {
        var options = sources.Select(OptionsOf).ToArray();
        var count = options.Aggregate(1.0, (product, each) => product * each.Count);
        if (count is 0 or > MostCombinations)
        {
            throw new ArgumentException(
                count == 0 ? "A source has no provider." : $"{count:0} combinations of trackers are more than {MostCombinations}; leave out providers or page sizes.");
        }

        IEnumerable<TrackedWriter[]> all = [[]];
        return options.Aggregate(all, (before, each) => before.SelectMany(_ => each, (head, option) => head.Append(option).ToArray()));
    }

    private static List<TrackedWriter> OptionsOf(SourceOptions source)
    {
        P2PSyncPolicy[] syncs = source.Source == WriterLoad.Vcpus ? [P2PSyncPolicy.Never] : [P2PSyncPolicy.Never, P2PSyncPolicy.NearEnd, P2PSyncPolicy.EachRound];
        return [.. source.Costs.SelectMany(costs => syncs.Select(sync => new TrackedWriter(source.Source, costs, sync)))];
    }
}

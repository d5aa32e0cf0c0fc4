using Ferry.Memory;
using Ferry.Tracking.Proof;

namespace Ferry.Tracking.Policy;

/// <summary>Chooses the trackers of a machine by the operator's policy, and proves that they cover every source.</summary>
/// <remarks>Nothing is chosen that the policy does not name. Pure.</remarks>
public static class TrackingPolicy
{
    /// <summary>Applies a policy.</summary>
    /// <param name="requirements">Every source of the machine that writes while it is moved.</param>
    /// <param name="policies">One for each source.</param>
    /// <param name="available">All trackers that the machine has.</param>
    /// <param name="whyMissing">Says why the machine doesn't have the tracker of a name for a source; null where it can't tell.</param>
    public static TrackingChoice Choose(
        IReadOnlyList<SourceRequirement> requirements,
        IReadOnlyList<SourcePolicy> policies,
        IReadOnlyList<IDirtyTracker> available,
        Func<DmaSource, string, string?>? whyMissing = null)
    {
        var choosing = new Choosing(requirements, available, whyMissing ?? ((_, _) => null));
        foreach (var requirement in requirements)
        {
            if (policies.FirstOrDefault(policy => policy.Source == requirement.Source) is { } policy)
            {
                choosing.Choose(requirement, policy);
            }
        }

        return choosing.Finish();
    }

    private sealed class Choosing(IReadOnlyList<SourceRequirement> requirements, IReadOnlyList<IDirtyTracker> available, Func<DmaSource, string, string?> whyMissing)
    {
        private readonly List<TrackerAssignment> _assignments = [];
        private readonly List<TrackerAssignment> _fallbacks = [];
        private readonly List<SkippedTracker> _skipped = [];
        private readonly List<CoverageRefusal> _refusals = [];

        internal void Choose(SourceRequirement requirement, SourcePolicy policy)
        {
            foreach (var name in policy.With)
            {
                if (TryFit(requirement, name, policy.PageSize, _assignments, out var assignment, out var reason))
                {
                    _assignments.Add(assignment);
                    if (policy.Combination == TrackerCombination.First)
                    {
                        break;
                    }
                }
                else
                {
                    _skipped.Add(new(requirement.Source, name, reason));
                    if (policy.Combination == TrackerCombination.Union)
                    {
                        // It was asked for by name, beside others: to leave it out would be another policy.
                        _refusals.Add(new(requirement.Source, $"{name}, one of those that are to track it together: {reason}", CoverageProof.RemedyFor(requirement, available)));
                    }
                }
            }

            AddFallback(requirement, policy);
        }

        internal TrackingChoice Finish()
        {
            var verdict = CoverageProof.Check(requirements, _assignments, available);
            var refusals = verdict.Refusals.Select(Explain).Concat(_refusals).ToArray();
            return new(_assignments, _fallbacks, _skipped, new(verdict.Lines, refusals));
        }

        private void AddFallback(SourceRequirement requirement, SourcePolicy policy)
        {
            if (policy is { Fallback: null, FallsBackToNext: true, Combination: TrackerCombination.First })
            {
                AddNext(requirement, policy);
                return;
            }

            if (policy.Fallback is not { } name || _assignments.Exists(assignment => assignment.Source == requirement.Source && assignment.Tracker.Name == name))
            {
                return;
            }

            // It is started only where another has ended, so what the others hold is no limit to it, but what they share is.
            if (TryFit(requirement, name, null, _assignments, out var fallback, out var reason))
            {
                _fallbacks.Add(fallback);
            }
            else
            {
                _refusals.Add(new(requirement.Source, $"its fallback {name}: {reason}", "name another, or none; " + CoverageProof.RemedyFor(requirement, available)));
            }
        }

        private void AddNext(SourceRequirement requirement, SourcePolicy policy)
        {
            var chosen = _assignments.Find(assignment => assignment.Source == requirement.Source);
            foreach (var name in policy.With.SkipWhile(name => name != chosen?.Tracker.Name).Skip(1))
            {
                if (TryFit(requirement, name, policy.PageSize, _assignments, out var fallback, out _)
                    || TryFit(requirement, name, null, _assignments, out fallback, out _))
                {
                    _fallbacks.Add(fallback);
                    return;
                }
            }
        }

        private bool TryFit(
            SourceRequirement requirement, string name, PageSize? wanted, List<TrackerAssignment> beside, out TrackerAssignment fit, out string reason)
        {
            (fit, reason) = (null!, "");
            if (available.FirstOrDefault(each => each.Name == name && each.Coverage.Covers(requirement.Source)) is not { } tracker)
            {
                reason = whyMissing(requirement.Source, name) ?? $"this machine has no such tracker of {requirement.Source}";
                return false;
            }

            var running = beside.Find(assignment => ReferenceEquals(assignment.Tracker, tracker));
            IEnumerable<PageSize> sizes = wanted is { } size ? [size] : running is not null ? [running.PageSize] : tracker.Coverage.PageSizes.Order();
            foreach (var each in sizes)
            {
                var candidate = new TrackerAssignment(requirement.Source, tracker, each);
                var problem = CoverageProof.ProblemOf(candidate, requirements, [.. beside, candidate]);
                if (problem is null)
                {
                    fit = candidate;
                    return true;
                }

                reason = reason.Length == 0 ? problem : reason;
            }

            return false;
        }

        // Why what was preferred would not do says more than that nothing was found.
        private CoverageRefusal Explain(CoverageRefusal refusal) =>
            _skipped.Where(skipped => skipped.Source == refusal.Source).Select(skipped => skipped.ToString()).ToArray() is { Length: > 0 } reasons
                ? refusal with { Reason = $"{refusal.Reason} ({string.Join("; ", reasons)})" }
                : refusal;
    }
}

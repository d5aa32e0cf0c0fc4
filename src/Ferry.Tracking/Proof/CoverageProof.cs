using Ferry.Memory;

namespace Ferry.Tracking.Proof;

/// <summary>Proves, before anything moves, that every write of every source will be seen, or says what would be missed.</summary>
/// <remarks>Every tracker that is chosen for a source has to hold all that is mapped for it: one that saw a part alone would look like
/// cover and be none. One that is chosen for several sources is started once: at one page size, for what is mapped for any of them.
/// Where that is more ranges than it holds, it is started for fewer and larger ones, and the line says what that adds. Pure.</remarks>
public static class CoverageProof
{
    /// <summary>Checks a choice of trackers.</summary>
    /// <param name="requirements">Every source of the machine.</param>
    /// <param name="assignments">Who is chosen for whom.</param>
    /// <param name="available">All trackers there are; the remedies name those of them that would do.</param>
    public static CoverageVerdict Check(
        IReadOnlyList<SourceRequirement> requirements, IReadOnlyList<TrackerAssignment> assignments, IReadOnlyList<IDirtyTracker> available)
    {
        var lines = new List<CoverageLine>();
        var refusals = new List<CoverageRefusal>();
        foreach (var requirement in requirements)
        {
            var chosen = assignments.Where(assignment => assignment.Source == requirement.Source).ToArray();
            if (chosen.Length == 0 && requirement.Mapped.Count > 0)
            {
                refusals.Add(new(requirement.Source, "no tracker sees its writes", RemedyFor(requirement, available)));
            }

            foreach (var assignment in chosen)
            {
                if (ProblemOf(assignment, requirements, assignments) is { } problem)
                {
                    refusals.Add(new(requirement.Source, $"{assignment.Tracker.Name}: {problem}", RemedyFor(requirement, available)));
                    continue;
                }

                var ranges = RangesOf(assignment.Tracker, requirements, assignments, out var extraBytes);
                lines.Add(new(
                    requirement.Source, assignment.Tracker.Name, assignment.PageSize, assignment.Tracker.Coverage.Precision,
                    ranges.Count, extraBytes, IsRedundant: lines.Any(line => line.Source == requirement.Source)));
            }
        }

        foreach (var stray in assignments.Where(assignment => requirements.All(requirement => requirement.Source != assignment.Source)))
        {
            refusals.Add(new(stray.Source, $"{stray.Tracker.Name} is chosen for it, but the machine has no such source",
                $"sources are: {string.Join(", ", requirements.Select(requirement => requirement.Source))}"));
        }

        return new(lines, refusals);
    }

    /// <summary>The ranges that a tracker is started for: what is mapped for any of its sources, in no more ranges than it holds.</summary>
    /// <param name="tracker">The tracker.</param>
    /// <param name="requirements">Every source of the machine.</param>
    /// <param name="assignments">Who is chosen for whom.</param>
    /// <param name="extraBytes">The bytes within them that are mapped for none.</param>
    /// <returns>Sorted and disjoint; empty where nothing is mapped.</returns>
    public static IReadOnlyList<IovaRange> RangesOf(
        IDirtyTracker tracker, IReadOnlyList<SourceRequirement> requirements, IReadOnlyList<TrackerAssignment> assignments, out ulong extraBytes)
    {
        var sources = assignments.Where(assignment => ReferenceEquals(assignment.Tracker, tracker)).Select(assignment => assignment.Source).ToHashSet();
        return RangeMerge.Merge(
            requirements.Where(requirement => sources.Contains(requirement.Source)).SelectMany(requirement => requirement.Mapped),
            Math.Max(1, tracker.Coverage.MaxRanges), out extraBytes);
    }

    /// <summary>Why a choice can't be kept beside all others, or null where it can.</summary>
    internal static string? ProblemOf(
        TrackerAssignment assignment, IReadOnlyList<SourceRequirement> requirements, IReadOnlyList<TrackerAssignment> assignments)
    {
        var coverage = assignment.Tracker.Coverage;
        if (!coverage.Covers(assignment.Source))
        {
            return $"sees the writes of {string.Join(", ", coverage.Sources ?? [])} only";
        }

        if (!coverage.PageSizes.Contains(assignment.PageSize))
        {
            return $"page size {assignment.PageSize} is not supported; it can do {string.Join(", ", coverage.PageSizes)}";
        }

        if (assignments.FirstOrDefault(other => ReferenceEquals(other.Tracker, assignment.Tracker) && other.PageSize != assignment.PageSize) is { } clash)
        {
            return $"is chosen at page size {assignment.PageSize} for {assignment.Source} and at {clash.PageSize} for {clash.Source}; it runs at one";
        }

        foreach (var range in RangesOf(assignment.Tracker, requirements, assignments, out var extraBytes))
        {
            if (!range.IsAligned(assignment.PageSize))
            {
                return $"range {range} is not aligned to the page size {assignment.PageSize}";
            }

            if (coverage.Ranges is not null && !coverage.Ranges.Any(covered => covered.Contains(range)))
            {
                var merged = extraBytes > 0 ? $" (of more ranges than the {coverage.MaxRanges} that it holds, made one)" : "";
                return $"range {range}{merged} is outside of what it covers: {string.Join(", ", coverage.Ranges)}";
            }
        }

        return null;
    }

    /// <summary>The trackers and page sizes that would do, the most precise first.</summary>
    internal static string RemedyFor(SourceRequirement requirement, IReadOnlyList<IDirtyTracker> available)
    {
        var would = new List<string>();
        foreach (var tracker in available.OrderBy(tracker => tracker.Coverage.Precision))
        {
            var sizes = tracker.Coverage.PageSizes
                .Where(size => new TrackerAssignment(requirement.Source, tracker, size) is var choice && ProblemOf(choice, [requirement], [choice]) is null)
                .Select(size => size.ToString()).ToArray();
            if (sizes.Length > 0)
            {
                would.Add(sizes.Length > 4 ? $"{tracker.Name} at {sizes[0]} to {sizes[^1]}" : $"{tracker.Name} at {string.Join(" or ", sizes)}");
            }
        }

        return would.Count > 0
            ? $"choose {string.Join(", or ", would)}"
            : "no tracker of this machine can; stop this source before the rounds, or detach it";
    }
}

using Ferry.Memory;

namespace Ferry.Tracking.Proof;

/// <summary>Proves, before anything moves, that every write of every source will be seen, or says what would be missed.</summary>
/// <remarks>Every tracker that is chosen for a source has to hold all that is mapped for it: one that saw a part alone would look like
/// cover and be none. One that is chosen for several sources is started once: at one page size, for what is mapped for any of them.
/// Pure.</remarks>
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
                if ((ProblemOf(requirement, assignment) ?? SharedProblemOf(assignment, requirements, assignments)) is { } problem)
                {
                    refusals.Add(new(requirement.Source, $"{assignment.Tracker.Name}: {problem}", RemedyFor(requirement, available)));
                    continue;
                }

                lines.Add(new(
                    requirement.Source, assignment.Tracker.Name, assignment.PageSize, assignment.Tracker.Coverage.Precision,
                    requirement.Mapped.Count, IsRedundant: lines.Any(line => line.Source == requirement.Source)));
            }
        }

        foreach (var stray in assignments.Where(assignment => requirements.All(requirement => requirement.Source != assignment.Source)))
        {
            refusals.Add(new(stray.Source, $"{stray.Tracker.Name} is chosen for it, but the machine has no such source",
                $"sources are: {string.Join(", ", requirements.Select(requirement => requirement.Source))}"));
        }

        return new(lines, refusals);
    }

    /// <summary>Why this tracker can't watch this source, or null where it can.</summary>
    private static string? ProblemOf(SourceRequirement requirement, TrackerAssignment assignment)
    {
        var coverage = assignment.Tracker.Coverage;
        if (!coverage.Covers(requirement.Source))
        {
            return $"sees the writes of {string.Join(", ", coverage.Sources ?? [])} only";
        }

        if (!coverage.PageSizes.Contains(assignment.PageSize))
        {
            return $"page size {assignment.PageSize} is not supported; it can do {string.Join(", ", coverage.PageSizes)}";
        }

        if (requirement.Mapped.Count > coverage.MaxRanges)
        {
            return $"{requirement.Mapped.Count} ranges are mapped; it can hold {coverage.MaxRanges}";
        }

        foreach (var range in requirement.Mapped)
        {
            if (!range.IsAligned(assignment.PageSize))
            {
                return $"range {range} is not aligned to the page size {assignment.PageSize}";
            }

            if (coverage.Ranges is not null && !coverage.Ranges.Any(covered => covered.Contains(range)))
            {
                return $"range {range} is outside of what it covers: {string.Join(", ", coverage.Ranges)}";
            }
        }

        return null;
    }

    /// <summary>Why this tracker can't be started for all that it is chosen for, or null where it can.</summary>
    private static string? SharedProblemOf(
        TrackerAssignment assignment, IReadOnlyList<SourceRequirement> requirements, IReadOnlyList<TrackerAssignment> assignments)
    {
        var shared = assignments.Where(other => ReferenceEquals(other.Tracker, assignment.Tracker)).ToArray();
        if (shared.FirstOrDefault(other => other.PageSize != assignment.PageSize) is { } clash)
        {
            return $"is chosen at page size {assignment.PageSize} for {assignment.Source} and at {clash.PageSize} for {clash.Source}; it runs at one";
        }

        var count = CountDisjoint(requirements.Where(requirement => shared.Any(other => other.Source == requirement.Source)).SelectMany(requirement => requirement.Mapped));
        return count > assignment.Tracker.Coverage.MaxRanges
            ? $"{count} ranges are mapped for {string.Join(" and ", shared.Select(other => other.Source).Distinct())} together; it can hold {assignment.Tracker.Coverage.MaxRanges}"
            : null;
    }

    /// <summary>The number of ranges when those that overlap are one.</summary>
    private static int CountDisjoint(IEnumerable<IovaRange> ranges)
    {
        var count = 0;
        var last = default(Iova);
        foreach (var range in ranges.OrderBy(range => range.Start.Value))
        {
            if (count == 0 || range.Start > last)
            {
                count++;
                last = range.Last;
            }
            else if (range.Last > last)
            {
                last = range.Last;
            }
        }

        return count;
    }

    /// <summary>The trackers and page sizes that would do, the most precise first.</summary>
    private static string RemedyFor(SourceRequirement requirement, IReadOnlyList<IDirtyTracker> available)
    {
        var would = new List<string>();
        foreach (var tracker in available.OrderBy(tracker => tracker.Coverage.Precision))
        {
            var sizes = tracker.Coverage.PageSizes
                .Where(size => ProblemOf(requirement, new(requirement.Source, tracker, size)) is null)
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

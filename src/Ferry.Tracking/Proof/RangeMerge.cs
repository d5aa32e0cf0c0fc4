using Ferry.Memory;

namespace Ferry.Tracking.Proof;

/// <summary>Makes few ranges of many, for trackers that hold only so many.</summary>
public static class RangeMerge
{
    /// <summary>The ranges that hold all of <paramref name="ranges"/>, no more than <paramref name="maxRanges"/>, with the least memory that is in none.</summary>
    /// <remarks>Gaps are closed, the smallest first; each gap costs what it holds whatever else is closed, so this is the least. Ranges that
    /// overlap or touch count as one.</remarks>
    /// <param name="ranges">In any order.</param>
    /// <param name="maxRanges">At least 1.</param>
    /// <param name="extraBytes">The bytes that the result holds beyond <paramref name="ranges"/>.</param>
    /// <returns>Sorted and disjoint.</returns>
    public static IReadOnlyList<IovaRange> Merge(IEnumerable<IovaRange> ranges, int maxRanges, out ulong extraBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRanges, 1);
        extraBytes = 0;
        var joined = new List<IovaRange>();
        foreach (var range in ranges.OrderBy(range => range.Start.Value))
        {
            if (joined.Count > 0 && joined[^1] is var last && (range.Start <= last.Last || range.Start.Value - last.Last.Value == 1))
            {
                joined[^1] = range.Last > last.Last ? Span(last, range) : last;
            }
            else
            {
                joined.Add(range);
            }
        }

        if (joined.Count <= maxRanges)
        {
            return joined;
        }

        var closed = Enumerable.Range(1, joined.Count - 1).OrderBy(i => GapBefore(joined, i)).Take(joined.Count - maxRanges).ToHashSet();
        var merged = new List<IovaRange>(maxRanges);
        for (var i = 0; i < joined.Count; i++)
        {
            if (closed.Contains(i))
            {
                extraBytes += GapBefore(joined, i);
                merged[^1] = Span(merged[^1], joined[i]);
            }
            else
            {
                merged.Add(joined[i]);
            }
        }

        return merged;
    }

    private static ulong GapBefore(List<IovaRange> ranges, int index) => ranges[index].Start.Value - ranges[index - 1].Last.Value - 1;

    private static IovaRange Span(IovaRange first, IovaRange last) => new(first.Start, last.Last.Value - first.Start.Value + 1);
}

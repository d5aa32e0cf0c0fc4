using System.Numerics;
using Ferry.Memory;

namespace Ferry.Migration.Source;

/// <summary>Counts what each tracker of a source found that no other tracker of it did, sync by sync.</summary>
/// <remarks>Pages of 4 KiB, whatever the trackers' own page sizes: what a coarse one adds counts, and so does what is in one report of the one and
/// in the next of the other. Belongs to the engine's thread.</remarks>
internal sealed class AloneCount(IReadOnlyList<IovaRange> ranges) : IDisposable
{
    private readonly Dictionary<TrackerUse, DirtyBitmap[]> _reports = [];

    /// <summary>Takes no more notice of those that are not read any more.</summary>
    internal void Begin(IReadOnlyList<TrackerUse> uses)
    {
        foreach (var gone in _reports.Keys.Where(use => !use.IsStarted || !uses.Contains(use)).ToArray())
        {
            _reports.Remove(gone, out var bitmaps);
            Array.ForEach(bitmaps!, bitmap => bitmap.Dispose());
        }
    }

    /// <summary>What a tracker finds in a region at this sync: empty, to be read into.</summary>
    internal DirtyBitmap ReportOf(TrackerUse use, int region)
    {
        if (!_reports.TryGetValue(use, out var bitmaps))
        {
            _reports.Add(use, bitmaps = [.. ranges.Select(range => new DirtyBitmap(range, PageSize.Size4K))]);
        }

        return bitmaps[region];
    }

    /// <summary>After all trackers were read: counts, and empties the reports.</summary>
    internal void Conclude()
    {
        foreach (var (use, own) in _reports)
        {
            DirtyBitmap[][] others = [.. _reports.Where(other => other.Key != use && other.Key.Sources.Exists(use.Sources.Contains)).Select(other => other.Value)];
            if (others.Length > 0)
            {
                use.AddAlone(own.Select((bitmap, region) => CountAlone(bitmap, [.. others.Select(other => other[region])])).Aggregate((sum, count) => sum + count));
            }
        }

        foreach (var bitmap in _reports.Values.SelectMany(each => each))
        {
            bitmap.Clear();
        }
    }

    public void Dispose()
    {
        Begin([]);
    }

    private static ulong CountAlone(DirtyBitmap own, DirtyBitmap[] others)
    {
        ulong count = 0;
        var words = own.Words;
        for (var i = 0; i < words.Length; i++)
        {
            var alone = words[i];
            for (var other = 0; alone != 0 && other < others.Length; other++)
            {
                alone &= ~others[other].Words[i];
            }

            count += (ulong)BitOperations.PopCount(alone);
        }

        return count;
    }
}

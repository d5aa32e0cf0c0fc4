using System.Numerics;
using Ferry.Memory;
using Ferry.Migration.Contracts;
using Ferry.Migration.Pages;

namespace Ferry.Migration.Source;

/// <summary>Which pages are still to be copied: one bitmap a region, into which all trackers report.</summary>
/// <remarks>
/// Pages that were never touched are zero and must not be read, since reading a hole of a memory file fills it. A dirty page counts as
/// untouched if the machine says so at a time from which on any write to it is reported again: after the sync that made it dirty, and, for a
/// tracker that forgets only what is taken, after it was taken. Untouched pages are kept apart from the others, and are not taken again.
/// Only the engine's thread changes this; channel threads read and clear the stripes that are theirs.
/// </remarks>
internal sealed class DirtyPages : IDisposable
{
    // So few pages are sooner read than the machine is asked about all of its memory.
    private const ulong FewPages = PageLayout.StripePages;

    private readonly IMigratableMachine _machine;
    private readonly PageLayout _layout;
    private readonly DirtyBitmap[] _bitmaps;
    private readonly DirtyBitmap[] _taking;
    private readonly IovaRange[] _ranges;
    private readonly PageBits _populated;
    private readonly PageBits _untouched;
    private readonly TrackerSet _trackers;

    internal DirtyPages(IMigratableMachine machine, PageLayout layout, TrackerSet trackers)
    {
        (_machine, _layout, _trackers) = (machine, layout, trackers);
        _ranges = [.. machine.Memory.Regions.Select(region => region.Range)];
        _bitmaps = [.. _ranges.Select(range => new DirtyBitmap(range, PageSize.Size4K))];
        _taking = [.. _ranges.Select(range => new DirtyBitmap(range, PageSize.Size4K))];
        (_populated, _untouched) = (new PageBits(layout), new PageBits(layout));
    }

    /// <summary>The pages that have to be read and sent.</summary>
    internal ulong Count
    {
        get
        {
            ulong count = 0;
            foreach (var bitmap in _bitmaps)
            {
                count += bitmap.Count();
            }

            return count;
        }
    }

    /// <summary>The pages that only have to be told to be zero.</summary>
    internal ulong UntouchedCount => _untouched.Count();

    internal void MarkAll(bool quiesced)
    {
        foreach (var bitmap in _bitmaps)
        {
            bitmap.SetAll();
        }

        _trackers.BeginComparing(_bitmaps);
        SetUntouchedApart(quiesced);
    }

    /// <summary>Reads all started trackers. Allocates nothing, unless much memory was reported that was never seen touched.</summary>
    internal void Sync(bool quiesced)
    {
        _trackers.BeginSync(quiesced);
        for (var i = 0; i < _ranges.Length; i++)
        {
            _trackers.Report(i, _ranges[i], _bitmaps[i]);
        }

        var hadGap = _trackers.EndSync(quiesced);
        for (var i = 0; i < _ranges.Length; i++)
        {
            if (hadGap)
            {
                _bitmaps[i].SetAll();
            }

            // What a sync before this one found untouched, and nobody has sent since, may have been written meanwhile.
            AndNot(_untouched.WordsOfRegion(i), _bitmaps[i].Words);
        }

        SetUntouchedApart(quiesced);
    }

    /// <summary>The words of a stripe that are to be copied, and those that are zero; the caller clears them.</summary>
    internal (DirtyBitmap Bitmap, IovaRange Range) Stripe(uint stripe, out Span<ulong> dirty, out Span<ulong> untouched)
    {
        var bitmap = _bitmaps[_layout.RegionOfStripe(stripe)];
        var range = _layout.RangeOfStripe(stripe);
        dirty = bitmap.WordsOf(range);
        untouched = _untouched.WordsOfStripe(stripe)[..dirty.Length];
        return (bitmap, range);
    }

    public void Dispose()
    {
        foreach (var bitmap in _bitmaps.Concat(_taking))
        {
            bitmap.Dispose();
        }
    }

    private void SetUntouchedApart(bool quiesced)
    {
        if (CountNew() <= FewPages)
        {
            for (var i = 0; i < _bitmaps.Length; i++)
            {
                Or(_populated.WordsOfRegion(i), _bitmaps[i].Words);
            }

            return;
        }

        _populated.Set(_machine.FindPopulated());
        var mustTake = !quiesced && _trackers.DeferClearing;
        for (var i = 0; i < _bitmaps.Length; i++)
        {
            Split(_bitmaps[i].Words, _populated.WordsOfRegion(i), _untouched.WordsOfRegion(i));
            if (mustTake)
            {
                _untouched.WordsOfRegion(i).CopyTo(_taking[i].Words);
                _trackers.Take(_ranges[i], _taking[i]);
            }
        }

        if (mustTake)
        {
            // What was touched before it was taken is not reported again.
            _populated.Set(_machine.FindPopulated());
            for (var i = 0; i < _bitmaps.Length; i++)
            {
                Rejoin(_bitmaps[i].Words, _populated.WordsOfRegion(i), _untouched.WordsOfRegion(i));
            }
        }
    }

    private ulong CountNew()
    {
        ulong count = 0;
        for (var i = 0; i < _bitmaps.Length; i++)
        {
            var dirty = _bitmaps[i].Words;
            var populated = _populated.WordsOfRegion(i);
            for (var j = 0; j < dirty.Length; j++)
            {
                count += (ulong)BitOperations.PopCount(dirty[j] & ~populated[j]);
            }
        }

        return count;
    }

    private static void Or(Span<ulong> into, ReadOnlySpan<ulong> from)
    {
        for (var i = 0; i < into.Length; i++)
        {
            into[i] |= from[i];
        }
    }

    private static void AndNot(Span<ulong> from, ReadOnlySpan<ulong> what)
    {
        for (var i = 0; i < from.Length; i++)
        {
            from[i] &= ~what[i];
        }
    }

    private static void Split(Span<ulong> dirty, ReadOnlySpan<ulong> populated, Span<ulong> untouched)
    {
        for (var i = 0; i < dirty.Length; i++)
        {
            untouched[i] |= dirty[i] & ~populated[i];
            dirty[i] &= populated[i];
        }
    }

    private static void Rejoin(Span<ulong> dirty, ReadOnlySpan<ulong> populated, Span<ulong> untouched)
    {
        for (var i = 0; i < dirty.Length; i++)
        {
            dirty[i] |= untouched[i] & populated[i];
            untouched[i] &= ~populated[i];
        }
    }
}

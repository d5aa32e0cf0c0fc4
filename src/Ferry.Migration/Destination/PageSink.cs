using Ferry.Linux.Memory;
using Ferry.Migration.Pages;

namespace Ferry.Migration.Destination;

/// <summary>What the destination knows of each page. Channels work on stripes of their own, so nothing here needs a lock.</summary>
/// <remarks>A page is torn if its bytes are not what was hashed: the guest wrote it between the two, so it comes again; or it was altered on the
/// way, and then nothing brings it again and it stays torn.</remarks>
internal sealed class PageSink(PageLayout layout)
{
    private readonly PageBits _mayBeNonzero = new(layout);
    private readonly PageBits _torn = new(layout);

    internal PageLayout Layout => layout;

    /// <summary>Says of ranges that they may hold anything.</summary>
    internal void Distrust(PopulatedRanges ranges) => _mayBeNonzero.Set(ranges);

    /// <summary>Takes pages that were written.</summary>
    internal void Written(uint page, bool isTorn)
    {
        _mayBeNonzero.Set(page);
        if (isTorn)
        {
            _torn.Set(page);
        }
        else
        {
            _torn.Clear(page);
        }
    }

    /// <summary>Makes a page zero.</summary>
    /// <returns>Whether it had to be touched.</returns>
    internal bool SetZero(uint page)
    {
        _torn.Clear(page);
        if (!_mayBeNonzero.IsSet(page))
        {
            return false;
        }

        layout.SpanOf(page, 1).Clear();
        _mayBeNonzero.Clear(page);
        return true;
    }

    /// <summary>The number of torn pages, and the first of them or -1.</summary>
    internal (ulong Count, long First) Torn() => _torn.Count() is > 0 and var count ? (count, _torn.First()) : (0, -1);
}

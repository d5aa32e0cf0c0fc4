using Ferry.Linux.Sockets;
using Ferry.Memory;

namespace Ferry.Migration.Pages;

/// <summary>The numbers that pages have in the stream, and stripes, which are what channels share out.</summary>
/// <remarks>Pages are 4 KiB. Each region's pages are numbered in order, and each region begins at a multiple of <see cref="StripePages"/>, so
/// no stripe and no word of 64 pages holds pages of two regions; numbers in between are no page. Immutable.</remarks>
internal sealed class PageLayout
{
    internal const int PageShift = 12;
    internal const int PageBytes = 1 << PageShift;
    internal const int StripePages = 1024;
    internal const int WordsPerStripe = StripePages / 64;

    private readonly (uint FirstPage, uint PageCount, GuestRegion Region)[] _regions;

    /// <exception cref="NotSupportedException">There are more pages than numbers.</exception>
    internal PageLayout(GuestMemory memory)
    {
        Memory = memory;
        ulong next = 0;
        _regions = new (uint, uint, GuestRegion)[memory.Regions.Count];
        for (var i = 0; i < _regions.Length; i++)
        {
            var pages = memory.Regions[i].LengthBytes >> PageShift;
            if (next + pages > uint.MaxValue - StripePages)
            {
                throw new NotSupportedException($"Guest memory of {memory.TotalBytes} bytes has more than 2^32 pages of 4 KiB.");
            }

            _regions[i] = ((uint)next, (uint)pages, memory.Regions[i]);
            next += (pages + StripePages - 1) & ~(ulong)(StripePages - 1);
            PageCount += pages;
        }

        NumberCount = (uint)next;
    }

    internal GuestMemory Memory { get; }

    internal int RegionCount => _regions.Length;

    /// <summary>The number of pages that exist.</summary>
    internal ulong PageCount { get; }

    /// <summary>One more than the highest number, rounded up to whole stripes.</summary>
    internal uint NumberCount { get; }

    internal uint StripeCount => NumberCount / StripePages;

    internal (uint FirstPage, uint PageCount, GuestRegion Region) Region(int index) => _regions[index];

    /// <summary>Whether <paramref name="count"/> pages from <paramref name="first"/> exist and lie in one stripe.</summary>
    internal bool IsRun(uint first, uint count)
    {
        if (count is 0 or > StripePages || first >= NumberCount || (first % StripePages) + count > StripePages)
        {
            return false;
        }

        ref readonly var region = ref Find(first);
        return first - region.FirstPage < region.PageCount && count <= region.PageCount - (first - region.FirstPage);
    }

    /// <summary>The region of a stripe.</summary>
    internal int RegionOfStripe(uint stripe)
    {
        var i = _regions.Length - 1;
        while (i > 0 && stripe * StripePages < _regions[i].FirstPage)
        {
            i--;
        }

        return i;
    }

    /// <summary>The addresses of a stripe, which is shorter than others at the end of a region.</summary>
    internal IovaRange RangeOfStripe(uint stripe)
    {
        var page = stripe * StripePages;
        ref readonly var region = ref Find(page);
        return new IovaRange(AddressOf(page), (ulong)Math.Min(StripePages, region.PageCount - (page - region.FirstPage)) << PageShift);
    }

    internal Iova AddressOf(uint page)
    {
        ref readonly var region = ref Find(page);
        return new Iova(region.Region.Start.Value + ((ulong)(page - region.FirstPage) << PageShift));
    }

    /// <summary>The number of the page at <paramref name="address"/>, which is in guest memory.</summary>
    internal uint PageOf(Iova address)
    {
        foreach (ref readonly var region in _regions.AsSpan())
        {
            if (address.Value >= region.Region.Start.Value && address.Value <= region.Region.Last.Value)
            {
                return region.FirstPage + (uint)((address.Value - region.Region.Start.Value) >> PageShift);
            }
        }

        throw new ArgumentOutOfRangeException(nameof(address), address, "Not in guest memory.");
    }

    /// <summary>The bytes of a run (<see cref="IsRun"/>), which the guest may write at any time.</summary>
    internal Span<byte> SpanOf(uint first, uint count) => Memory.GetSpan(new Gpa(AddressOf(first).Value), (int)count << PageShift);

    /// <summary>The same for the kernel.</summary>
    internal MemorySegment SegmentOf(uint first, uint count)
    {
        ref readonly var region = ref Find(first);
        var offset = first - region.FirstPage;
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)offset + count, region.PageCount);
        return new MemorySegment(new Hva(region.Region.Host.Value + ((nuint)offset << PageShift)), (nuint)count << PageShift);
    }

    private ref readonly (uint FirstPage, uint PageCount, GuestRegion Region) Find(uint page)
    {
        var i = _regions.Length - 1;
        while (i > 0 && page < _regions[i].FirstPage)
        {
            i--;
        }

        return ref _regions[i];
    }
}

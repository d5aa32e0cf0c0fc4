using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ferry.Memory;

namespace Ferry.Devices.Dma;

/// <summary>The pages of 4 KiB that a device has pinned, each with the number of its pins for read and for write.</summary>
/// <remarks>
/// Pinned and unpinned from any thread inside the gate of <see cref="DmaWindows"/>, reported beside that. No write is lost:
/// <code>
///   write      a page that is pinned for write; after it, one that is no longer is marked in the log
///   unpinning  mark in the log, then forget
///   report     take the log, then every page that is pinned for write
/// </code>
/// A page that is unpinned between the two halves of a report is in the log for the next one.
/// </remarks>
internal sealed class DmaPins(DmaLog log, int maxPages)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Holders> _pages = [];

    /// <summary>The pages that are pinned, for whatever; from any thread.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _pages.Count;
            }
        }
    }

    /// <summary>Pins all pages that hold any of the bytes; false, with nothing changed, where that is more than may be pinned.</summary>
    public bool TryPin(Iova start, int lengthBytes, DmaAccess access)
    {
        var (first, last) = PagesOf(start, lengthBytes);
        lock (_gate)
        {
            // As if all were new: the limit is there to bound memory, not to be met to the page.
            if ((ulong)(maxPages - _pages.Count) < last - first + 1)
            {
                return false;
            }

            for (var page = first; page <= last; page++)
            {
                ref var holders = ref CollectionsMarshal.GetValueRefOrAddDefault(_pages, page, out _);
                holders = access == DmaAccess.Write ? holders with { Writers = holders.Writers + 1 } : holders with { Readers = holders.Readers + 1 };
            }

            return true;
        }
    }

    /// <summary>Undoes one pin of each of the pages; those that have none, since their window went, are passed over.</summary>
    public void Unpin(Iova start, int lengthBytes, DmaAccess access)
    {
        var (first, last) = PagesOf(start, lengthBytes);
        lock (_gate)
        {
            for (var page = first; page <= last; page++)
            {
                ref var holders = ref CollectionsMarshal.GetValueRefOrNullRef(_pages, page);
                if (Unsafe.IsNullRef(ref holders))
                {
                    continue;
                }

                if (access == DmaAccess.Read)
                {
                    holders.Readers = Math.Max(holders.Readers - 1, 0);
                }
                else if (holders.Writers > 0 && --holders.Writers == 0)
                {
                    Mark(page);
                }

                if (holders is { Readers: 0, Writers: 0 })
                {
                    _pages.Remove(page);
                }
            }
        }
    }

    /// <summary>Undoes every pin of pages in a range; marks those that were pinned for write.</summary>
    public void Forget(IovaRange range)
    {
        var (first, last) = (range.Start.Value >> PageSize.Size4K.Shift, range.Last.Value >> PageSize.Size4K.Shift);
        lock (_gate)
        {
            // Removing what the enumerator is at is allowed, and allocates nothing.
            foreach (var (page, holders) in _pages)
            {
                if (page < first || page > last)
                {
                    continue;
                }

                if (holders.Writers > 0)
                {
                    Mark(page);
                }

                _pages.Remove(page);
            }
        }
    }

    /// <summary>Whether all the bytes may be written.</summary>
    public bool ArePinnedForWrite(Iova start, int lengthBytes)
    {
        var (first, last) = PagesOf(start, lengthBytes);
        lock (_gate)
        {
            for (var page = first; page <= last; page++)
            {
                if (!IsPinnedForWrite(page))
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>After a write: marks the pages of it that were unpinned while it was under way.</summary>
    public void MarkUnpinned(Iova start, int lengthBytes)
    {
        var (first, last) = PagesOf(start, lengthBytes);
        lock (_gate)
        {
            for (var page = first; page <= last; page++)
            {
                if (!IsPinnedForWrite(page))
                {
                    Mark(page);
                }
            }
        }
    }

    /// <summary>Sets the pages of the log's size that hold a page pinned for write, as far as they are in the range, and keeps them.</summary>
    public void Report(IovaRange range, PageSize pageSize, DirtyBitmap into)
    {
        var widen = pageSize.Bytes - 1;
        lock (_gate)
        {
            foreach (var (page, holders) in _pages)
            {
                var start = page << PageSize.Size4K.Shift & ~widen;
                var last = start | widen;
                if (holders.Writers > 0 && start <= range.Last.Value && last >= range.Start.Value)
                {
                    start = Math.Max(start, range.Start.Value);
                    into.Set(new(new(start), Math.Min(last, range.Last.Value) - start + 1));
                }
            }
        }
    }

    private static (ulong First, ulong Last) PagesOf(Iova start, int lengthBytes) =>
        (start.Value >> PageSize.Size4K.Shift, (start.Value + (ulong)(lengthBytes - 1)) >> PageSize.Size4K.Shift);

    private bool IsPinnedForWrite(ulong page) => _pages.TryGetValue(page, out var holders) && holders.Writers > 0;

    private void Mark(ulong page) => log.Mark(new(page << PageSize.Size4K.Shift), (int)PageSize.Size4K.Bytes);

    private record struct Holders(int Readers, int Writers);
}

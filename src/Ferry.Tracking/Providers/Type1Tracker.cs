using System.Diagnostics.CodeAnalysis;
using Ferry.Linux;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary><c>type1</c>: the writes of all devices in one VFIO container, by the container's own dirty tracking.</summary>
/// <remarks>
/// The kernel knows which pages drivers of mediated devices pinned or wrote; they stay dirty for as long as they are pinned. Of a device
/// behind an IOMMU that doesn't pin, it knows nothing, and every mapped page is dirty: the coverage says which of the two it is.
/// The kernel answers for whole mappings, and overwrites the words that it answers in. So its answer is taken aside first and moved into
/// the caller's bitmap from there, as far as it was asked for; the rest waits. That is the one copy, and the kernel forces it.
/// Source: linux/vfio.h, VFIO_IOMMU_DIRTY_PAGES; drivers/vfio/vfio_iommu_type1.c.
/// </remarks>
public sealed class Type1Tracker : IDirtyTracker
{
    private const string TrackerName = "type1";
    private readonly Lock _gate = new();
    private readonly IType1Calls _calls;
    private readonly ulong _maxBitmapBytes;
    private readonly StartedRanges _started = new(TrackerName);
    private readonly PendingPages _pending = new();
    private ulong[] _scratch = [];

    internal Type1Tracker(IType1Calls calls, IReadOnlyList<DmaSource> sources, PageSize pageSize, ulong maxBitmapBytes, TrackingPrecision precision)
    {
        (_calls, _maxBitmapBytes) = (calls, maxBitmapBytes);
        Coverage = new() { Sources = [.. sources], PageSizes = [pageSize], Precision = precision };
    }

    /// <inheritdoc/>
    public string Name => TrackerName;

    /// <inheritdoc/>
    public Coverage Coverage { get; }

    /// <inheritdoc/>
    public bool IsStarted => _started.IsStarted;

    /// <summary>Makes a tracker of a container that has its devices and mappings, or says why it can't. Dirty tracking must not be started: it is
    /// started and stopped here to learn how precise it is.</summary>
    /// <param name="container">The container; stays the caller's.</param>
    /// <param name="sources">The devices in the container, all of them.</param>
    /// <param name="tracker">The tracker, or null.</param>
    /// <param name="reason">Where there is none, why.</param>
    public static bool TryCreate(VfioContainer container, IReadOnlyList<DmaSource> sources, [NotNullWhen(true)] out Type1Tracker? tracker, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(container);
        (tracker, reason) = (null, null);
        try
        {
            var info = container.GetInfo();
            if (info.DirtyPageSizes < PageSize.Size4K.Bytes)
            {
                reason = "the container has no dirty tracking: Linux 5.8 is needed, and iommufd in the container's place has none";
                return false;
            }

            var pageSize = new PageSize(info.DirtyPageSizes & (~info.DirtyPageSizes + 1));
            var calls = new Type1Calls(container);
            tracker = new(calls, sources, pageSize, info.MaxDirtyBitmapBytes, FindPrecision(calls, pageSize));
            return true;
        }
        catch (KernelCallException e)
        {
            reason = e.Message;
            return false;
        }
    }

    /// <inheritdoc/>
    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        lock (_gate)
        {
            _started.Start(Coverage, ranges, pageSize);
            try
            {
                Check(ranges, pageSize);
                _calls.Start();
            }
            catch (Exception e)
            {
                _started.Stop();
                _pending.Dispose();
                throw e is KernelCallException ? new TrackerStartException(Name, e.Message, e) : e;
            }
        }
    }

    /// <inheritdoc/>
    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
        lock (_gate)
        {
            _started.Check(range, bitmap);
            Read(range, bitmap);
        }
    }

    /// <summary>Unmaps every mapping within <paramref name="range"/>, and first ORs into <paramref name="bitmap"/> what was written there and not yet reported.</summary>
    /// <remarks>In one step, so that no write falls between. From any thread; where the tracker is stopped, it unmaps and reports nothing. Pages
    /// outside of the bitmap's range are left out.</remarks>
    /// <exception cref="KernelCallException">The kernel refused to unmap. What it unmapped before was reported.</exception>
    public void Unmap(IovaRange range, DirtyBitmap bitmap)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        lock (_gate)
        {
            if (!_started.IsStarted)
            {
                _calls.Unmap(range);
                return;
            }

            _pending.Follow(_calls.Mappings);
            try
            {
                foreach (var item in _pending.Items)
                {
                    if (item.IsMapped && range.Contains(item.Mapping))
                    {
                        var words = Scratch(item.Mapping);
                        _calls.UnmapWithDirty(item.Mapping, _started.PageSize, words);
                        item.Or(words, item.Mapping);
                    }
                }

                // Nothing is left there, unless it would be parted: the kernel says so.
                _calls.Unmap(range);
            }
            finally
            {
                if (MappingPages.TryIntersect(range, bitmap.Range, out var part))
                {
                    _pending.Drain(part, bitmap);
                }

                _pending.Follow(_calls.Mappings);
            }
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        lock (_gate)
        {
            if (!_started.IsStarted)
            {
                return;
            }

            _started.Stop();
            _pending.Dispose();
            try
            {
                _calls.Stop();
            }
            catch (KernelCallException)
            {
                // A container that is tracked on costs the kernel memory and nobody a page.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Stop();

    /// <summary>Starts tracking where nothing can have been written yet, and looks whether all is dirty nevertheless.</summary>
    internal static TrackingPrecision FindPrecision(IType1Calls calls, PageSize pageSize)
    {
        if (calls.Mappings.Count == 0)
        {
            return TrackingPrecision.AllMapped;
        }

        calls.Start();
        try
        {
            foreach (var mapping in calls.Mappings)
            {
                using var pages = new DirtyBitmap(mapping, pageSize);
                calls.GetDirty(mapping, pageSize, pages.Words);
                if (pages.Count() < pages.PageCount)
                {
                    return TrackingPrecision.PinnedForWrite;
                }
            }

            return TrackingPrecision.AllMapped;
        }
        finally
        {
            calls.Stop();
        }
    }

    private void Check(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        var mappings = _calls.Mappings;
        foreach (var range in ranges)
        {
            if (PendingPages.FindUnaligned(mappings, range, pageSize) is { } problem)
            {
                throw new TrackerStartException(Name, problem);
            }
        }

        foreach (var mapping in mappings)
        {
            var bitmapBytes = ((mapping.LengthBytes >> pageSize.Shift) + 63) / 64 * sizeof(ulong);
            if (bitmapBytes > _maxBitmapBytes)
            {
                throw new TrackerStartException(Name, $"the mapping {mapping} needs a bitmap of {bitmapBytes} bytes, and the kernel fills at most {_maxBitmapBytes}: map it in parts");
            }
        }

        _pending.Reset(mappings, pageSize);
    }

    private void Read(IovaRange range, DirtyBitmap bitmap)
    {
        MappingPages? reading = null;
        try
        {
            _pending.Follow(_calls.Mappings);
            foreach (var item in _pending.Items)
            {
                if (item.IsMapped && item.Mapping.Overlaps(range))
                {
                    reading = item;
                    ReadMapping(item);
                }
            }
        }
        catch (KernelCallException e)
        {
            bitmap.Set(range);
            _pending.Fail(reading, range);
            throw new TrackerFailedException(Name, e.Message, e);
        }

        _pending.Drain(range, bitmap);
    }

    private void ReadMapping(MappingPages item)
    {
        // The kernel overwrites: what waits already must not lie where it writes.
        if (!item.HasAny && item.BeginsWord(item.Mapping))
        {
            _calls.GetDirty(item.Mapping, _started.PageSize, item.WordsFor(item.Mapping));
            return;
        }

        var words = Scratch(item.Mapping);
        _calls.GetDirty(item.Mapping, _started.PageSize, words);
        item.Or(words, item.Mapping);
    }

    private Span<ulong> Scratch(IovaRange mapping)
    {
        var count = (int)(((mapping.LengthBytes >> _started.PageSize.Shift) + 63) / 64);
        if (_scratch.Length < count)
        {
            _scratch = new ulong[count];
        }

        var words = _scratch.AsSpan(0, count);
        words.Clear();
        return words;
    }
}

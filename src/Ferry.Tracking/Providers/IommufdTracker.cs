using System.Diagnostics.CodeAnalysis;
using Ferry.Linux;
using Ferry.Linux.Iommufd;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary><c>iommufd</c>: the writes of all devices on one page table, by the dirty bits that the IOMMU sets in it.</summary>
/// <remarks>
/// The kernel sets bits straight in the caller's bitmap wherever its words can be used: where a mapping is asked for as a whole and begins with a
/// word of a bitmap of the same page size. Elsewhere the answer is taken aside, and what was not asked for waits. A mapping is never
/// asked for in parts, unless it is known how large a page of the IOMMU can be: of a page that lies in the asked part only partly, the kernel
/// forgets all and reports bits outside of the part. A page of the IOMMU is written as a whole: see <see cref="Ioas.AllowLargerPages"/>.
/// Source: linux/iommufd.h, IOMMU_HWPT_SET_DIRTY_TRACKING and IOMMU_HWPT_GET_DIRTY_BITMAP.
/// </remarks>
public sealed class IommufdTracker : IDirtyTracker
{
    private const string TrackerName = "iommufd";
    private const uint IntelType = 1;
    private const ulong IntelLargestPageBytes = 1 << 30;
    private const int LargestPageShift = 30;
    private readonly Lock _gate = new();
    private readonly IHwptCalls _calls;
    private readonly PageSize? _largestPage;
    private readonly StartedRanges _started = new(TrackerName);
    private readonly PendingPages _pending = new();
    private ulong[] _scratch = [];

    internal IommufdTracker(IHwptCalls calls, IReadOnlyList<DmaSource> sources, PageSize? largestPage)
    {
        (_calls, _largestPage) = (calls, largestPage);
        Coverage = new()
        {
            Sources = [.. sources],
            PageSizes = [.. Enumerable.Range(PageSize.Size4K.Shift, LargestPageShift - PageSize.Size4K.Shift + 1)
                .Select(shift => new PageSize(1UL << shift)).Where(size => size == PageSize.Size4K || calls.Mappings.All(mapping => mapping.IsAligned(size)))],
            Precision = TrackingPrecision.Exact,
        };
    }

    /// <inheritdoc/>
    public string Name => TrackerName;

    /// <inheritdoc/>
    public Coverage Coverage { get; }

    /// <inheritdoc/>
    public bool IsStarted => _started.IsStarted;

    /// <summary>Makes a tracker of a page table, or says why it can't: the IOMMU has no dirty bit, or the page table was not made for tracking.</summary>
    /// <remarks>It offers the page sizes, to 1 GiB, that all is made of what is mapped now.</remarks>
    /// <param name="iommufd">What the page table was made of.</param>
    /// <param name="hwpt">The page table; stays the caller's.</param>
    /// <param name="devices">The numbers of the devices on the page table, all of them.</param>
    /// <param name="sources">What they are called in plans.</param>
    /// <param name="tracker">The tracker, or null.</param>
    /// <param name="reason">Where there is none, why.</param>
    public static bool TryCreate(
        Iommufd iommufd, Hwpt hwpt, IReadOnlyList<uint> devices, IReadOnlyList<DmaSource> sources, [NotNullWhen(true)] out IommufdTracker? tracker, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(hwpt);
        ArgumentNullException.ThrowIfNull(devices);
        tracker = null;
        reason = FindObstacle(iommufd, devices, out var allIntel);
        if (reason is null && !hwpt.CanTrack)
        {
            reason = $"page table {hwpt.Id} was not made for dirty tracking";
        }

        if (reason is not null)
        {
            return false;
        }

        tracker = new(new HwptCalls(hwpt), sources, allIntel ? new PageSize(IntelLargestPageBytes) : null);
        return true;
    }

    /// <summary>Why the devices' IOMMU can't track what they write, or null where it can: to be asked before a page table is made for it.</summary>
    /// <param name="iommufd">What the devices are bound to.</param>
    /// <param name="devices">Their numbers.</param>
    public static string? FindObstacle(Iommufd iommufd, IReadOnlyList<uint> devices) => FindObstacle(iommufd, devices, out _);

    /// <inheritdoc/>
    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        lock (_gate)
        {
            _started.Start(Coverage, ranges, pageSize);
            try
            {
                var mappings = _calls.Mappings;
                foreach (var range in ranges)
                {
                    if (PendingPages.FindUnaligned(mappings, range, pageSize) is { } problem)
                    {
                        throw new TrackerStartException(Name, problem);
                    }
                }

                _pending.Reset(mappings, pageSize);
                _calls.SetTracking(enabled: true);
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
            Read(range, bitmap, clear: true);
        }
    }

    /// <summary>Unmaps every mapping within <paramref name="range"/>, and first ORs into <paramref name="bitmap"/> what was written there and not yet reported.</summary>
    /// <remarks>The kernel can't do both in one step: what a device writes between the two is lost, so no device may still use the range. From any
    /// thread; where the tracker is stopped, it unmaps and reports nothing. Pages outside of the bitmap's range are left out.</remarks>
    /// <exception cref="KernelCallException">The kernel refused to unmap; what it would have unmapped was reported, and is reported again.</exception>
    /// <exception cref="TrackerFailedException">The dirty bits could not be read. Every page was set, and all is unmapped.</exception>
    public void Unmap(IovaRange range, DirtyBitmap bitmap)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        lock (_gate)
        {
            TrackerFailedException? failure = null;
            if (_started.IsStarted && MappingPages.TryIntersect(range, bitmap.Range, out var part))
            {
                try
                {
                    Read(part, bitmap, clear: false);
                }
                catch (TrackerFailedException e)
                {
                    failure = e;
                }
            }

            _calls.Unmap(range);
            _pending.Follow(_calls.Mappings);
            if (failure is not null)
            {
                throw failure;
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
                _calls.SetTracking(enabled: false);
            }
            catch (KernelCallException)
            {
                // A page table that is tracked on costs the IOMMU time and nobody a page.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Stop();

    private static string? FindObstacle(Iommufd iommufd, IReadOnlyList<uint> devices, out bool allIntel)
    {
        ArgumentNullException.ThrowIfNull(iommufd);
        ArgumentNullException.ThrowIfNull(devices);
        allIntel = devices.Count > 0;
        foreach (var device in devices)
        {
            try
            {
                var info = iommufd.GetHardwareInfo(device);
                allIntel &= info.Type == IntelType;
                if (!info.HasDirtyTracking)
                {
                    return $"the IOMMU of device {device} sets no dirty bits in its page tables";
                }
            }
            catch (KernelCallException e)
            {
                return $"device {device} has no IOMMU that says what it can do: {e.Message}";
            }
        }

        return null;
    }

    private void Read(IovaRange range, DirtyBitmap bitmap, bool clear)
    {
        MappingPages? reading = null;
        try
        {
            var mappings = _calls.Mappings;
            _pending.Follow(mappings);
            if (PendingPages.FindUnaligned(mappings, range, _started.PageSize) is { } problem)
            {
                bitmap.Set(range);
                throw new TrackerFailedException(Name, problem);
            }

            foreach (var item in _pending.Items)
            {
                if (item.IsMapped && MappingPages.TryIntersect(range, item.Mapping, out var part))
                {
                    reading = item;
                    ReadMapping(item, part, bitmap, clear);
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

    /// <summary>Reads a part of a mapping: straight into the bitmap where that can be, else the units that it touches, aside.</summary>
    private void ReadMapping(MappingPages item, IovaRange part, DirtyBitmap bitmap, bool clear)
    {
        var pageSize = _started.PageSize;
        for (var at = part.Start.Value; ;)
        {
            var unit = UnitOf(item.Mapping, at);
            ulong last;
            if (unit.Start.Value == at && bitmap.PageSize == pageSize && bitmap.PageOf(unit.Start) % 64 == 0 && TryFindEnd(item.Mapping, part, unit, out last))
            {
                var straight = new IovaRange(unit.Start, last - at + 1);
                _calls.GetDirty(straight, pageSize, MappingPages.Words(bitmap, straight), clear);
            }
            else
            {
                last = unit.Last.Value;
                ReadAside(item, unit, clear);
            }

            if (last >= part.Last.Value)
            {
                return;
            }

            at = last + 1;
        }
    }

    private void ReadAside(MappingPages item, IovaRange unit, bool clear)
    {
        if (item.BeginsWord(unit))
        {
            _calls.GetDirty(unit, _started.PageSize, item.WordsFor(unit), clear);
            return;
        }

        var count = (int)(((unit.LengthBytes >> _started.PageSize.Shift) + 63) / 64);
        if (_scratch.Length < count)
        {
            _scratch = new ulong[count];
        }

        var words = _scratch.AsSpan(0, count);
        words.Clear();
        _calls.GetDirty(unit, _started.PageSize, words, clear);
        item.Or(words, unit);
    }

    /// <summary>The piece of a mapping around an address that no page of the IOMMU reaches out of, as far as is known.</summary>
    private IovaRange UnitOf(IovaRange mapping, ulong address)
    {
        if (_largestPage is not { } largest)
        {
            return mapping;
        }

        // Of whole words too, so that the next unit begins with one.
        var bytes = Math.Max(largest.Bytes, 64UL << _started.PageSize.Shift);
        var aligned = address & ~(bytes - 1);
        var start = Math.Max(aligned, mapping.Start.Value);
        return new(new(start), Math.Min(aligned + (bytes - 1), mapping.Last.Value) - start + 1);
    }

    /// <summary>Finds the last address of the last unit that lies in the part as a whole, if the first does.</summary>
    private bool TryFindEnd(IovaRange mapping, IovaRange part, IovaRange first, out ulong last)
    {
        var lastUnit = UnitOf(mapping, part.Last.Value);
        if (lastUnit.Last == part.Last)
        {
            last = part.Last.Value;
            return true;
        }

        last = lastUnit.Start.Value - 1;
        return lastUnit.Start > first.Start;
    }
}

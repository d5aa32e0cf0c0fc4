using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.AddressSpaces;

/// <summary>A tracker of I/O virtual addresses, for a device whose addresses are not those of guest memory: its reports are guest pages.</summary>
/// <remarks>
/// It is started for the whole aperture, so whatever is mapped later is tracked before the device can use it, and nothing is re-armed.
/// A report holds the gate of the address space from before the device is asked until what it said is translated, so nothing is mapped
/// or unmapped between a write and the look at what its address stands for. What is unmapped while this tracker is started is handed over
/// by <see cref="TakeUnmapped"/> first.
///
/// <code>
///   device's log --Report--> written (by IOVA) --address space--> pending (by guest page) --Report--> caller's bitmap
///                                unmapped      --TakeUnmapped------^
/// </code>
/// Where a report fails, all that is mapped is pending, and what is unmapped before the next report that succeeds counts as written
/// whole: the device may still work off the one that failed, into an answer that nobody reads.
/// </remarks>
public sealed class TranslatedTracker : IDirtyTracker
{
    private readonly IDirtyTracker _inner;
    private readonly AddressSpace _space;
    private readonly StartedRanges _started;
    private DirtyBitmap[] _pending = [];
    private DirtyBitmap? _written;
    private readonly List<IovaRange> _doubtful = [];
    private bool _isUncertain;

    /// <summary>Translates what <paramref name="inner"/> reports.</summary>
    /// <param name="inner">It forgets what it reports; it becomes this tracker's.</param>
    /// <param name="space">What its addresses stand for.</param>
    /// <exception cref="ArgumentException">The inner tracker can't track the aperture at any page size, or does not forget what it reports.</exception>
    public TranslatedTracker(IDirtyTracker inner, AddressSpace space)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(space);
        PageSize[] sizes = [.. inner.Coverage.PageSizes.Where(space.Aperture.IsAligned)];
        if (inner is IDeferredClear || sizes.Length == 0 || inner.Coverage.Ranges?.Any(range => range.Contains(space.Aperture)) == false)
        {
            throw new ArgumentException($"{inner.Name} can't track the aperture {space.Aperture}.", nameof(inner));
        }

        (_inner, _space, _started) = (inner, space, new StartedRanges(inner.Name));
        Coverage = inner.Coverage with { Ranges = null, MaxRanges = int.MaxValue, PageSizes = sizes };
    }

    /// <inheritdoc/>
    public string Name => _inner.Name;

    /// <summary>What it promises: all of guest memory, whatever of it is mapped.</summary>
    public Coverage Coverage { get; }

    /// <inheritdoc/>
    public bool IsStarted => _started.IsStarted;

    /// <inheritdoc/>
    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        lock (_space.Gate)
        {
            _started.Start(Coverage, ranges, pageSize);
            var pending = new List<DirtyBitmap>(ranges.Count);
            try
            {
                foreach (var range in ranges)
                {
                    pending.Add(new DirtyBitmap(range, PageSize.Size4K));
                }

                _written = new DirtyBitmap(_space.Aperture, PageSize.Size4K);
                _pending = [.. pending];
                _isUncertain = false;
                _inner.Start([_space.Aperture], pageSize);
            }
            catch (Exception e)
            {
                pending.ForEach(each => each.Dispose());
                Forget();
                if (e is OutOfMemoryException)
                {
                    throw new TrackerStartException(Name, $"no room for the bitmaps: {e.Message}", e);
                }

                throw;
            }
        }
    }

    /// <inheritdoc/>
    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        lock (_space.Gate)
        {
            _started.Check(range, bitmap);
            try
            {
                _inner.Report(_space.Aperture, _written!);
            }
            catch (TrackerFailedException)
            {
                _isUncertain = true;
                _written!.Clear();
                _space.TranslateAll(_pending);
                bitmap.Set(range);
                throw;
            }

            _isUncertain = false;
            TakeDoubtful();
            _space.Translate(_written!, _pending);
            _written!.Clear();
            foreach (var pending in _pending)
            {
                if (pending.Range.Contains(range))
                {
                    pending.Drain(bitmap, pending.PageOf(range.Start), range.LengthBytes >> pending.PageSize.Shift);
                }
            }
        }
    }

    /// <summary>Takes the dirty pages of a mapping that the device has given back, before the address space forgets it. With
    /// <see cref="AddressSpace.Gate"/> held.</summary>
    /// <param name="mapping">What is unmapped.</param>
    /// <param name="written">The pages of its range that the device wrote since the last report.</param>
    public void TakeUnmapped(AddressSpaceMapping mapping, DirtyBitmap written)
    {
        ArgumentNullException.ThrowIfNull(written);
        if (!IsStarted)
        {
            return;
        }

        if (_isUncertain)
        {
            GuestPages.Set(mapping.Memory, _pending);
            return;
        }

        foreach (var (first, count) in written.Runs())
        {
            var run = new IovaRange(new(written.Range.Start.Value + (first << written.PageSize.Shift)), count << written.PageSize.Shift);
            GuestPages.Set(mapping.MemoryOf(run), _pending);
        }
    }

    /// <summary>Counts a mapping as written at the next report that succeeds, since the device did not answer when it was to give it back: it may
    /// still do so, with dirty pages that nobody reads. With <see cref="AddressSpace.Gate"/> held.</summary>
    public void Doubt(AddressSpaceMapping mapping)
    {
        if (IsStarted)
        {
            _doubtful.Add(mapping.Memory);
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        lock (_space.Gate)
        {
            if (_started.IsStarted)
            {
                _inner.Stop();
                Array.ForEach(_pending, each => each.Dispose());
                Forget();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _inner.Dispose();
    }

    // A device answers in order: what it did not answer before is worked off by now.
    private void TakeDoubtful()
    {
        foreach (var memory in _doubtful)
        {
            GuestPages.Set(memory, _pending);
        }

        _doubtful.Clear();
    }

    private void Forget()
    {
        _started.Stop();
        _doubtful.Clear();
        _pending = [];
        _written?.Dispose();
        _written = null;
    }
}

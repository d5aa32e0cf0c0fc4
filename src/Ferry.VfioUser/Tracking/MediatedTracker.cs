using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.VfioUser.Tracking;

/// <summary><c>mediated</c>: the writes of one vfio-user device whose DMA is by messages, which this process performs and marks.</summary>
/// <remarks>The device needs no log of its own, and a report asks nobody: what a device wrote before it went, or before a message of its
/// failed, is still reported. Source: QEMU docs/interop/vfio-user.rst, DMA_WRITE.</remarks>
/// <param name="memory">What performs the device's messages; one started tracker at a time. All of what the device has mapped must go
/// through it.</param>
/// <param name="source">What the device is called in plans.</param>
public sealed class MediatedTracker(MediatedMemory memory, DmaSource source) : IDirtyTracker
{
    /// <summary>The tracker's name in plans and policies.</summary>
    public const string TrackerName = "mediated";

    /// <summary>What is said of a device that it can't have.</summary>
    public const string NotMediated = "it shares guest memory; dma = \"mediated\" in the machine's file lets it ask for each access";

    private readonly StartedRanges _started = new(TrackerName);
    private DirtyBitmap[] _marks = [];

    /// <inheritdoc/>
    public string Name => TrackerName;

    /// <inheritdoc/>
    public Coverage Coverage { get; } = new()
    {
        Sources = [source],
        Ranges = memory.Ranges,
        PageSizes = [.. Enumerable.Range(PageSize.Size4K.Shift, PageSize.Size2M.Shift - PageSize.Size4K.Shift + 1).Select(shift => new PageSize(1UL << shift))],
        Precision = TrackingPrecision.Exact,
    };

    /// <inheritdoc/>
    public bool IsStarted => _started.IsStarted;

    /// <inheritdoc/>
    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        _started.Start(Coverage, ranges, pageSize);
        var marks = new List<DirtyBitmap>(ranges.Count);
        try
        {
            foreach (var range in ranges)
            {
                marks.Add(new DirtyBitmap(range, pageSize));
            }

            _marks = [.. marks];
            if (!memory.TryStart(_marks))
            {
                throw new TrackerStartException(Name, $"another tracker of {source} is started on the same memory");
            }
        }
        catch (Exception e)
        {
            _started.Stop();
            _marks = [];
            marks.ForEach(each => each.Dispose());
            if (e is OutOfMemoryException)
            {
                throw new TrackerStartException(Name, $"no room for the bitmaps: {e.Message}", e);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
        _started.Check(range, bitmap);
        foreach (var marks in _marks)
        {
            if (marks.Range.Contains(range))
            {
                marks.Drain(bitmap, marks.PageOf(range.Start), range.LengthBytes >> marks.PageSize.Shift);
            }
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        if (_started.IsStarted)
        {
            _started.Stop();
            memory.Stop();
            Array.ForEach(_marks, marks => marks.Dispose());
            _marks = [];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Stop();
}

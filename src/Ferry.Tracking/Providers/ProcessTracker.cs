using Ferry.Linux;
using Ferry.Linux.Userfault;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary><c>process</c>: the writes that this process makes to guest memory through its own mapping, by its page table.</summary>
/// <remarks>It stands for the vCPUs where the guest's program runs on host threads. Writes of other processes are not seen.
/// Source: userfaultfd with asynchronous write protection, and PAGEMAP_SCAN; Linux 6.7.</remarks>
public sealed class ProcessTracker : IDirtyTracker
{
    private readonly IProcessDirtyCalls _calls;
    private readonly GuestMemory _memory;
    private readonly StartedRanges _started = new("process");
    private readonly List<GuestRegion> _regions = [];

    internal ProcessTracker(IProcessDirtyCalls calls, GuestMemory memory)
    {
        (_calls, _memory) = (calls, memory);
        Coverage = new()
        {
            Sources = [DmaSource.Vcpus],
            Ranges = [.. memory.Regions.Select(region => region.Range)],
            PageSizes = [PageSize.Size4K],
            Precision = TrackingPrecision.Exact,
        };
    }

    /// <inheritdoc/>
    public string Name => "process";

    /// <inheritdoc/>
    public Coverage Coverage { get; }

    /// <inheritdoc/>
    public bool IsStarted => _started.IsStarted;

    /// <summary>Creates it, or says why this kernel or user can't.</summary>
    public static bool TryCreate(GuestMemory memory, out ProcessTracker? tracker, out string? reason)
    {
        tracker = WriteTracking.TryOpen(out var tracking, out reason) ? new(new ProcessDirtyCalls(tracking!), memory) : null;
        return tracker is not null;
    }

    /// <inheritdoc/>
    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        _started.Start(Coverage, ranges, pageSize);
        try
        {
            foreach (var region in _memory.Regions)
            {
                _calls.Start(region.Host, region.LengthBytes);
                _regions.Add(region);
            }
        }
        catch (KernelCallException e)
        {
            Stop();
            throw new TrackerStartException(Name, e.Message, e);
        }
    }

    /// <inheritdoc/>
    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
        _started.Check(range, bitmap);
        var region = RegionOf(range);
        var at = new Hva(region.Host.Value + (nuint)(range.Start.Value - region.Start.Value));
        var end = new Hva(at.Value + (nuint)range.LengthBytes);
        try
        {
            while (at.Value < end.Value)
            {
                foreach (var run in _calls.TakeWritten(ref at, end))
                {
                    bitmap.Set(new(new(region.Start.Value + (run.Start - region.Host.Value)), run.End - run.Start));
                }
            }
        }
        catch (KernelCallException e)
        {
            bitmap.Set(range);
            throw new TrackerFailedException(Name, e.Message, e);
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        _started.Stop();
        foreach (var region in _regions)
        {
            try
            {
                _calls.Stop(region.Host, region.LengthBytes);
            }
            catch (KernelCallException)
            {
                // Writes there stay slow until the descriptor is closed; the other regions are to be freed of it all the same.
            }
        }

        _regions.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _calls.Dispose();
    }

    private GuestRegion RegionOf(IovaRange range)
    {
        foreach (var region in _regions)
        {
            if (region.Range.Contains(range))
            {
                return region;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(range), range, "In no region of guest memory.");
    }
}

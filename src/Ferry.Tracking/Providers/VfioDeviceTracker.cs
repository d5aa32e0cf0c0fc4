using System.Diagnostics.CodeAnalysis;
using Ferry.Linux;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary><c>vfio-device</c>: the writes of one device of a kernel VFIO driver, by the DMA log that the device keeps itself.</summary>
/// <remarks>The kernel sets bits straight in the caller's bitmap; only up to 63 pages before its first whole word, and bitmaps of another page size,
/// are read into a few words of their own. After an error the log can't be trusted: it is started anew, and all that it held counts as dirty once.
/// Source: linux/vfio.h, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, _REPORT and _STOP.</remarks>
public sealed class VfioDeviceTracker : IDirtyTracker
{
    private const string TrackerName = "vfio-device";

    /// <summary>What the kernel takes: as many as fit one of its pages.</summary>
    private const int MaxRanges = 256;

    private const int WordsAside = 512;
    private readonly IDeviceLogCalls _calls;
    private readonly StartedRanges _started = new(TrackerName);
    private readonly PendingPages _doubtful = new();
    private IReadOnlyList<IovaRange> _ranges = [];

    internal VfioDeviceTracker(IDeviceLogCalls calls, DmaSource source, IReadOnlyList<PageSize> pageSizes)
    {
        _calls = calls;
        Coverage = new() { Sources = [source], PageSizes = [.. pageSizes.Order()], Precision = TrackingPrecision.Exact, MaxRanges = MaxRanges };
    }

    /// <inheritdoc/>
    public string Name => TrackerName;

    /// <inheritdoc/>
    public Coverage Coverage { get; }

    /// <inheritdoc/>
    public bool IsStarted => _started.IsStarted;

    /// <summary>Makes a tracker if the device logs its DMA. The log must not be started: it is started and stopped here to learn its page sizes.</summary>
    /// <param name="device">The device; stays the caller's.</param>
    /// <param name="source">What it is called in plans.</param>
    /// <param name="tracker">The tracker, or null.</param>
    /// <param name="reason">Where there is none, why.</param>
    public static bool TryCreate(VfioDevice device, DmaSource source, [NotNullWhen(true)] out VfioDeviceTracker? tracker, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(device);
        (tracker, reason) = (null, null);
        var calls = new DeviceLogCalls(device);
        if (!TryFindPageSizes(calls, device.HasDmaLog, out var sizes, out reason))
        {
            return false;
        }

        tracker = new(calls, source, sizes);
        return true;
    }

    /// <summary>Learns the page sizes of a device's log by starting and stopping it, or says why there is no log to be used.</summary>
    internal static bool TryFindPageSizes(IDeviceLogCalls calls, bool hasLog, out IReadOnlyList<PageSize> sizes, [NotNullWhen(false)] out string? reason)
    {
        (sizes, reason) = ([], hasLog ? null : $"{calls.Device} does not log its DMA");
        if (hasLog)
        {
            sizes = FindPageSizes(calls, out var refusal);
            reason = sizes.Count > 0 ? null : $"{calls.Device} logs its DMA at no page size from 4K to 2M{refusal}";
        }

        return reason is null;
    }

    /// <inheritdoc/>
    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        _started.Start(Coverage, ranges, pageSize);
        try
        {
            StartLog(ranges, pageSize);
        }
        catch (Exception e)
        {
            _started.Stop();
            throw e is KernelCallException ? new TrackerStartException(Name, e.Message, e) : e;
        }

        _ranges = [.. ranges];
        _doubtful.Reset(_ranges, pageSize);
    }

    /// <inheritdoc/>
    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
        _started.Check(range, bitmap);
        try
        {
            Read(range, bitmap);
        }
        catch (KernelCallException e)
        {
            bitmap.Set(range);
            Restart(range);
            throw new TrackerFailedException(Name, e.Message, e);
        }

        _doubtful.Drain(range, bitmap);
    }

    /// <inheritdoc/>
    public void Stop()
    {
        if (_started.IsStarted)
        {
            _started.Stop();
            _doubtful.Dispose();
            StopLog();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Stop();

    /// <summary>The page sizes, from 4 KiB to 2 MiB, that the device logs at where they are wished for.</summary>
    internal static List<PageSize> FindPageSizes(IDeviceLogCalls calls, out string refusal)
    {
        refusal = "";
        var range = new IovaRange(new(0), PageSize.Size2M.Bytes);
        var sizes = new List<PageSize>();
        for (var shift = PageSize.Size4K.Shift; shift <= PageSize.Size2M.Shift; shift++)
        {
            var size = new PageSize(1UL << shift);
            try
            {
                var chosen = calls.Start([range], size);
                calls.Stop();
                if (chosen <= size)
                {
                    sizes.Add(size);
                }
            }
            catch (KernelCallException e)
            {
                refusal = $": {e.Message}";
            }
        }

        return sizes;
    }

    private void StartLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        var chosen = _calls.Start(ranges, pageSize);
        if (chosen > pageSize)
        {
            StopLog();
            throw new TrackerStartException(Name, $"{_calls.Device} logs at {chosen} where {pageSize} was asked for");
        }
    }

    private void StopLog()
    {
        try
        {
            _calls.Stop();
        }
        catch (KernelCallException)
        {
            // A device that logs on costs it time and nobody a page.
        }
    }

    private void Restart(IovaRange reported)
    {
        foreach (var item in _doubtful.Items)
        {
            item.SetAll();
            item.Clear(reported);
        }

        StopLog();
        try
        {
            StartLog(_ranges, _started.PageSize);
        }
        catch (Exception e) when (e is KernelCallException or TrackerStartException)
        {
            // Then the next report fails as well, and sets everything again.
        }
    }

    private void Read(IovaRange range, DirtyBitmap bitmap)
    {
        var pageSize = _started.PageSize;
        var beside = bitmap.PageOf(range.Start) % 64;
        var straight = bitmap.PageSize == pageSize;
        var pages = range.LengthBytes >> pageSize.Shift;
        var aside = straight ? Math.Min(beside == 0 ? 0 : 64 - beside, pages) : pages;
        Span<ulong> words = stackalloc ulong[WordsAside];
        for (ulong first = 0; first < aside;)
        {
            var count = Math.Min(aside - first, WordsAside * 64);
            var part = new IovaRange(new(range.Start.Value + (first << pageSize.Shift)), count << pageSize.Shift);
            words.Clear();
            _calls.Report(part, pageSize, words);
            bitmap.Or(words, part.Start, pageSize, count);
            first += count;
        }

        if (aside < pages)
        {
            var rest = new IovaRange(new(range.Start.Value + (aside << pageSize.Shift)), (pages - aside) << pageSize.Shift);
            _calls.Report(rest, pageSize, MappingPages.Words(bitmap, rest));
        }
    }
}

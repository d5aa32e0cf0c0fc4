using System.Diagnostics.CodeAnalysis;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Providers;
using Ferry.VfioUser.Client;

namespace Ferry.VfioUser.Tracking;

/// <summary><c>device</c>: the writes of one vfio-user device, by the DMA log that the device keeps itself.</summary>
/// <remarks>It is as precise as the device says in VERSION; one that says nothing counts as exact. Source: linux/vfio.h, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, _REPORT and _STOP; QEMU docs/interop/vfio-user.rst.</remarks>
public sealed class DeviceTracker : IDirtyTracker
{
    /// <summary>The tracker's name in plans and policies.</summary>
    public const string TrackerName = "device";

    /// <summary>What is said of a device that has no such log.</summary>
    public const string NoLog = "it logs no DMA of its own";

    private const int MaxProbedRanges = 1024;
    private readonly VfioUserClient _client;
    private readonly StartedRanges _started = new(TrackerName);
    private readonly List<IovaRange> _unanswered = [];

    private DeviceTracker(VfioUserClient client, Coverage coverage) => (_client, Coverage) = (client, coverage);

    /// <inheritdoc/>
    public string Name => TrackerName;

    /// <inheritdoc/>
    public Coverage Coverage { get; }

    /// <inheritdoc/>
    public bool IsStarted => _started.IsStarted;

    /// <summary>Makes a tracker if the device logs its DMA. The log must not be started: it is started and stopped here to learn its limits.</summary>
    /// <param name="client">The device; stays the caller's.</param>
    /// <param name="source">What the device is called in plans.</param>
    /// <param name="options">What is known of the log, or null.</param>
    /// <param name="tracker">The tracker.</param>
    /// <returns>False where the device has no such feature, or takes no page size.</returns>
    /// <exception cref="VfioUserPeerException">The device has gone.</exception>
    public static bool TryCreate(VfioUserClient client, DmaSource source, DeviceTrackerOptions? options, [NotNullWhen(true)] out DeviceTracker? tracker)
    {
        ArgumentNullException.ThrowIfNull(client);
        tracker = null;
        if (!client.HasDmaLog)
        {
            return false;
        }

        List<PageSize> sizes = options?.PageSizes is { } known ? [.. known.Order()] : ProbePageSizes(client);
        if (sizes.Count == 0)
        {
            return false;
        }

        tracker = new DeviceTracker(client, new Coverage
        {
            Sources = [source],
            PageSizes = sizes,
            Precision = client.Server.DmaLogPrecision,
            MaxRanges = options?.MaxRanges ?? ProbeMaxRanges(client, sizes[0]),
        });
        return true;
    }

    /// <inheritdoc/>
    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        _started.Start(Coverage, ranges, pageSize);
        _unanswered.Clear();
        try
        {
            var chosen = _client.StartDmaLog(ranges, pageSize);
            if (chosen != pageSize)
            {
                throw new TrackerStartException(Name, $"{_client.Peer} logs at {chosen} where {pageSize} was asked for");
            }
        }
        catch (Exception e)
        {
            Stop();
            if (e is IOException or ArgumentException)
            {
                throw new TrackerStartException(Name, e.Message, e);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
        _started.Check(range, bitmap);
        try
        {
            // Always at the page size of the log: this side widens and narrows, and peers are known to get that wrong.
            _client.ReportDmaLog(range, _started.PageSize, bitmap);
        }
        catch (IOException e)
        {
            bitmap.Set(range);
            _unanswered.Add(range);
            throw new TrackerFailedException(Name, e.Message, e);
        }

        TakeUnanswered(range, bitmap);
    }

    /// <inheritdoc/>
    public void Stop()
    {
        if (!_started.IsStarted)
        {
            return;
        }

        _started.Stop();
        try
        {
            _client.StopDmaLog();
        }
        catch (IOException)
        {
            // A device that has gone logs nothing, and one that refuses logs on: that costs it time and nobody a page.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Stop();

    // A device that answers too late has drained its log into an answer that nobody reads. It answers in order: this report's answer says
    // that the one before was worked off, and all that it may have held is dirty.
    private void TakeUnanswered(IovaRange range, DirtyBitmap bitmap)
    {
        for (var i = _unanswered.Count - 1; i >= 0; i--)
        {
            if (_unanswered[i].Overlaps(range))
            {
                bitmap.Set(range);
                if (range.Contains(_unanswered[i]))
                {
                    _unanswered.RemoveAt(i);
                }
            }
        }
    }

    private static List<PageSize> ProbePageSizes(VfioUserClient client)
    {
        var range = new IovaRange(new Iova(0), PageSize.Size2M.Bytes);
        var sizes = new List<PageSize>();
        for (var shift = PageSize.Size4K.Shift; shift <= PageSize.Size2M.Shift; shift++)
        {
            var size = new PageSize(1UL << shift);
            if (TryStart(client, [range], size, out var chosen) && chosen == size)
            {
                sizes.Add(size);
            }
        }

        return sizes;
    }

    private static int ProbeMaxRanges(VfioUserClient client, PageSize pageSize)
    {
        var (taken, refused) = (1, MaxProbedRanges + 1);
        while (taken + 1 < refused)
        {
            var count = taken * 2 < refused ? taken * 2 : (taken + refused) / 2;
            var ranges = Enumerable.Range(0, count).Select(i => new IovaRange(new Iova((ulong)i * 2 << pageSize.Shift), pageSize.Bytes)).ToList();
            (taken, refused) = TryStart(client, ranges, pageSize, out _) ? (count, refused) : (taken, count);
        }

        return taken;
    }

    private static bool TryStart(VfioUserClient client, IReadOnlyList<IovaRange> ranges, PageSize pageSize, out PageSize chosen)
    {
        try
        {
            chosen = client.StartDmaLog(ranges, pageSize);
        }
        // Refused, or more ranges than a message to it may hold.
        catch (Exception e) when (e is VfioUserException or ArgumentException)
        {
            chosen = default;
            return false;
        }

        client.StopDmaLog();
        return true;
    }
}

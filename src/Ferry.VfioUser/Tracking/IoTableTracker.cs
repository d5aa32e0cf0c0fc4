using System.Diagnostics.CodeAnalysis;
using Ferry.Linux;
using Ferry.Linux.Userfault;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Providers;
using Ferry.VfioUser.Client;

namespace Ferry.VfioUser.Tracking;

/// <summary><c>iotable</c> and <c>iotable-faults</c>: the writes of one vfio-user device, by the page table of the process that it is.</summary>
/// <remarks>
/// The device's process gives two descriptors that stand for its memory, a userfaultfd and its pagemap, and says where guest memory is
/// mapped in it; all else is done from here. It sees what that process writes through these mappings, also by system calls, and nothing
/// that another process writes. The device is believed in what it says of its mappings, as <c>device</c> believes its log. It does
/// nothing for a report, so a device that is busy or wedged is tracked like any other. By faults, the device has to be another process: see
/// <see cref="PageTableDescriptors.WatchFaults"/>. Source: the kernel's documents on userfaultfd and pagemap (PAGEMAP_SCAN).
/// </remarks>
public sealed class IoTableTracker : IDirtyTracker
{
    /// <summary>The name in plans and policies of the tracker by <see cref="IoTableMode.Scans"/>.</summary>
    public const string TrackerName = "iotable";

    /// <summary>The name of the tracker by <see cref="IoTableMode.Faults"/>.</summary>
    public const string FaultsName = "iotable-faults";

    /// <summary>What is said of a device that keeps its page table to itself.</summary>
    public const string NotShared = "it does not share its page table; --page-table of ferry device lets it";

    private readonly VfioUserClient _client;
    private readonly IoTableMode _mode;
    private readonly Func<IWriteTracking, IWriteTracking> _wrap;
    private readonly StartedRanges _started;
    private readonly List<MappedWindow> _windows = [];
    private IWriteTracking? _tracking;
    private int _mappingChanges;

    private IoTableTracker(VfioUserClient client, IoTableMode mode, Coverage coverage, Func<IWriteTracking, IWriteTracking> wrap) =>
        (_client, _mode, Coverage, _wrap, _started) = (client, mode, coverage, wrap, new(NameOf(mode)));

    /// <inheritdoc/>
    public string Name => NameOf(_mode);

    /// <inheritdoc/>
    public Coverage Coverage { get; }

    /// <inheritdoc/>
    public bool IsStarted => _started.IsStarted;

    /// <summary>Makes a tracker if the device shares its page table, for the memory that is mapped for it now.</summary>
    /// <param name="client">The device; stays the caller's.</param>
    /// <param name="source">What the device is called in plans.</param>
    /// <param name="mode">How it watches.</param>
    /// <param name="tracker">The tracker.</param>
    /// <returns>False where the device doesn't share it, has nothing mapped that it may write, or its kernel can't do it or does
    /// not allow it.</returns>
    /// <exception cref="VfioUserPeerException">The device has gone.</exception>
    public static bool TryCreate(VfioUserClient client, DmaSource source, IoTableMode mode, [NotNullWhen(true)] out IoTableTracker? tracker) =>
        TryCreate(client, source, mode, tracking => tracking, out tracker);

    internal static bool TryCreate(
        VfioUserClient client, DmaSource source, IoTableMode mode, Func<IWriteTracking, IWriteTracking> wrap, [NotNullWhen(true)] out IoTableTracker? tracker)
    {
        tracker = FindObstacle(client, mode, out var windows) is null && windows.Count > 0 ? new(client, mode, CoverageOf(source, windows), wrap) : null;
        return tracker is not null;
    }

    /// <summary>Why the page table of the device's process can't be watched, whatever is mapped in it; null where it can.</summary>
    /// <param name="client">The device; stays the caller's.</param>
    /// <param name="mode">How it would be watched.</param>
    /// <exception cref="VfioUserPeerException">The device has gone.</exception>
    public static string? FindObstacle(VfioUserClient client, IoTableMode mode) => FindObstacle(client, mode, out _);

    private static string? FindObstacle(VfioUserClient client, IoTableMode mode, out IReadOnlyList<MappedWindow> windows)
    {
        ArgumentNullException.ThrowIfNull(client);
        windows = [];
        if (!client.Server.SharesPageTable)
        {
            return NotShared;
        }

        try
        {
            var shared = client.GetPageTable();
            Watch(shared, mode).Dispose();
            windows = shared.Windows;
            return null;
        }
        catch (Exception e) when (e is VfioUserException or KernelCallException)
        {
            return e.Message;
        }
    }

    /// <inheritdoc/>
    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        _started.Start(Coverage, ranges, pageSize);
        try
        {
            _mappingChanges = _client.MappingChanges;
            var shared = _client.GetPageTable();
            _tracking = _wrap(Watch(shared, _mode));
            if (ranges.FirstOrDefault(range => !shared.Windows.Any(window => window.Range.Contains(range))) is { LengthBytes: > 0 } missing)
            {
                throw new TrackerStartException(Name, $"{_client.Peer} has {missing} not mapped for writing any more");
            }

            foreach (var window in shared.Windows.Where(window => ranges.Any(window.Range.Overlaps)))
            {
                _tracking.Start(window.Address, window.Range.LengthBytes);
                _windows.Add(window);
            }
        }
        catch (Exception e)
        {
            Stop();
            if (e is IOException)
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
            Take(WindowOf(range), range, bitmap);
            // Afterwards: what went before the scan was over, or was mapped anew under it, may not have been seen.
            if (!_client.IsConnected || _client.MappingChanges != _mappingChanges)
            {
                bitmap.Set(range);
                throw new TrackerFailedException(
                    Name, _client.IsConnected ? "memory was mapped or unmapped for the device since it was started" : $"{_client.Peer} has gone", _client.Failure);
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
        foreach (var window in _windows)
        {
            try
            {
                _tracking!.Stop(window.Address, window.Range.LengthBytes);
            }
            catch (KernelCallException)
            {
                // The process has gone, or it ends with the descriptor.
            }
        }

        _windows.Clear();
        _tracking?.Dispose();
        _tracking = null;
    }

    /// <inheritdoc/>
    public void Dispose() => Stop();

    private static string NameOf(IoTableMode mode) => mode == IoTableMode.Faults ? FaultsName : TrackerName;

    private static IWriteTracking Watch(SharedPageTable shared, IoTableMode mode) =>
        mode == IoTableMode.Faults ? shared.Descriptors.WatchFaults() : shared.Descriptors.Watch();

    private static Coverage CoverageOf(DmaSource source, IReadOnlyList<MappedWindow> windows) => new()
    {
        Sources = [source],
        Ranges = [.. windows.Select(window => window.Range)],
        PageSizes = [PageSize.Size4K],
        Precision = TrackingPrecision.Exact,
    };

    private void Take(MappedWindow window, IovaRange range, DirtyBitmap bitmap)
    {
        var first = window.Address.Value + (nuint)(range.Start.Value - window.Range.Start.Value);
        var end = new Hva(first + (nuint)range.LengthBytes);
        for (var at = new Hva(first); at.Value < end.Value;)
        {
            foreach (var run in _tracking!.TakeWritten(ref at, end))
            {
                if (run.Start < first || run.End > end.Value || run.End <= run.Start)
                {
                    throw new KernelCallException("ioctl(PAGEMAP_SCAN)", Errno.Invalid, $"0x{run.Start:x} to 0x{run.End:x} were not asked for");
                }

                bitmap.Set(new(new(range.Start.Value + (run.Start - first)), run.End - run.Start));
            }
        }
    }

    private MappedWindow WindowOf(IovaRange range)
    {
        foreach (var window in _windows)
        {
            if (window.Range.Contains(range))
            {
                return window;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(range), range, "In no mapping of the device's process.");
    }
}

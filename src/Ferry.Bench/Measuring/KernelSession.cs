using Ferry.Linux;
using Ferry.Linux.Iommufd;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Bench.Measuring;

/// <summary>A device of a kernel VFIO driver, with memory mapped for it: by its own file and iommufd, or by its group and a type1 container. A device can
/// be had one way at a time, and each way has trackers of its own.</summary>
internal sealed class KernelSession : IDeviceSession
{
    private static readonly DmaSource Source = new("device");

    private readonly List<IDisposable> _owned = [];
    private readonly List<IDirtyTracker> _trackers = [];
    private VfioDevice? _device;

    private KernelSession()
    {
    }

    /// <inheritdoc/>
    public IReadOnlyList<IDirtyTracker> Trackers => _trackers;

    /// <summary>None: what makes such a device write is its own driver, in a guest.</summary>
    public RnicDriver? Driver => null;

    /// <inheritdoc/>
    public bool HasP2P => false;

    /// <summary>Opens it.</summary>
    /// <param name="place">The device.</param>
    /// <param name="memoryBytes">The memory to map.</param>
    /// <param name="inContainer">Whether by group and container; else by its own file.</param>
    /// <param name="onNote">Takes which tracker it lacks, with the reason.</param>
    /// <exception cref="IOException">It can't be opened so; the message says why.</exception>
    internal static KernelSession Open(VfioPlace place, ulong memoryBytes, bool inContainer, Action<string> onNote)
    {
        var session = new KernelSession();
        try
        {
            var memory = session.Own(GuestMemoryFile.Create([(new(0), memoryBytes)]));
            memory.PopulateAll(Environment.ProcessorCount, null, CancellationToken.None);
            if (inContainer)
            {
                session.OpenInContainer(place, memory, onNote);
            }
            else
            {
                session.OpenByItself(place, memory, onNote);
            }

            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void SetP2P(bool isOn) => throw new NotSupportedException("A kernel device is not taken into P2P states here.");

    /// <inheritdoc/>
    public string? DescribeLoss()
    {
        try
        {
            _ = _device?.GetInfo();
            return null;
        }
        catch (KernelCallException e)
        {
            return $"The kernel does not answer for the device any more: {e.Message}";
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trackers.ForEach(tracker => tracker.Dispose());
        _owned.Reverse();
        _owned.ForEach(each => each.Dispose());
        _owned.Clear();
    }

    private static T Require<T>(bool isOpen, T? opened, string? reason)
        where T : class => isOpen && opened is not null ? opened : throw new IOException(reason);

    private void OpenByItself(VfioPlace place, GuestMemoryFile memory, Action<string> onNote)
    {
        if (!place.TryFindFile(out var path, out var reason))
        {
            throw new IOException(reason);
        }

        var iommufd = Own(Require(Iommufd.TryOpen(out var opened, out reason), opened, reason));
        _device = Own(Require(VfioDevice.TryOpen(path, out var device, out reason), device, reason));
        _device.Bind(iommufd);
        var ioas = Own(iommufd.CreateIoas());
        if (IommufdTracker.FindObstacle(iommufd, [_device.DeviceId]) is { } obstacle)
        {
            onNote($"iommufd: {obstacle}");
            _device.Attach(ioas.Id);
            Map(memory, ioas);
        }
        else
        {
            var table = Own(iommufd.CreateHwpt(_device.DeviceId, ioas, dirtyTracking: true));
            _device.Attach(table.Id);
            Map(memory, ioas);
            Add(IommufdTracker.TryCreate(iommufd, table, [_device.DeviceId], [Source], out var tables, out reason), tables, "iommufd", reason, onNote);
        }

        Add(VfioDeviceTracker.TryCreate(_device, Source, out var log, out reason), log, "vfio-device", reason, onNote);
    }

    private void OpenInContainer(VfioPlace place, GuestMemoryFile memory, Action<string> onNote)
    {
        if (!place.TryFindGroup(out var number, out var reason))
        {
            throw new IOException(reason);
        }

        var container = Own(Require(VfioContainer.TryOpen(out var opened, out reason), opened, reason));
        var group = Own(Require(VfioGroup.TryOpen(number, out var joined, out reason), joined, reason));
        group.SetContainer(container);
        container.UseType1();
        _device = Own(group.OpenDevice(place.Address));
        foreach (var region in memory.Memory.Regions)
        {
            container.Map(region.Range, region.Host, MapAccess.ReadWrite);
        }

        Add(Type1Tracker.TryCreate(container, [Source], out var tracker, out reason), tracker, "type1", reason, onNote);
    }

    private static void Map(GuestMemoryFile memory, Ioas ioas)
    {
        foreach (var region in memory.Memory.Regions)
        {
            ioas.Map(region.Range, region.Host, MapAccess.ReadWrite);
        }
    }

    private void Add(bool isThere, IDirtyTracker? tracker, string name, string? reason, Action<string> onNote)
    {
        if (isThere && tracker is not null)
        {
            _trackers.Add(tracker);
        }
        else
        {
            onNote($"{name}: {reason}");
        }
    }

    private T Own<T>(T opened)
        where T : IDisposable
    {
        _owned.Add(opened);
        return opened;
    }
}

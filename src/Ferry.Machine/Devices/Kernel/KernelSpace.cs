using Ferry.Linux;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking;

namespace Ferry.Machine.Devices.Kernel;

/// <summary>An address space of kernel devices, which holds all guest memory at its guest physical addresses: a VFIO container, or an IOAS of iommufd.</summary>
internal abstract class KernelSpace(string name, GuestMemoryFile memory) : IDisposable
{
    private readonly List<DmaSource> _sources = [];
    private bool _isMapped;

    /// <summary>Its name in the machine's file.</summary>
    public string Name => name;

    /// <summary>The devices in it.</summary>
    protected IReadOnlyList<DmaSource> Sources => _sources;

    /// <summary>Opens a device, attaches it, and sees to it that guest memory is mapped.</summary>
    /// <exception cref="MachineException">It can't be; the message says why and what would help.</exception>
    public KernelLink Attach(MachineDevice device)
    {
        if (!VfioPlace.TryFind(device.Vfio!.Address, out var place, out var reason))
        {
            throw new MachineException($"device {device.Id}: {reason}");
        }

        VfioDevice? opened = null;
        try
        {
            opened = Open(device, place!);
            MapMemory();
            var link = KernelLink.Take(opened, this, new(device.Id));
            _sources.Add(new(device.Id));
            return link;
        }
        catch (KernelCallException e)
        {
            opened?.Dispose();
            throw new MachineException($"device {device.Id}: it can't be attached to {this}: {e.Message}", e);
        }
    }

    /// <summary>Makes the trackers that see the writes of all its devices, once all are attached.</summary>
    public abstract IEnumerable<IDirtyTracker> CreateTrackers();

    /// <summary>Why it has no tracker of a name for a device.</summary>
    public abstract string? WhyNoTracker(string tracker, DmaSource source);

    /// <inheritdoc/>
    public abstract override string ToString();

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Opens a device and attaches it.</summary>
    /// <exception cref="MachineException">It can't be.</exception>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    protected abstract VfioDevice Open(MachineDevice device, VfioPlace place);

    /// <summary>Maps memory for every device that is in it now or comes later.</summary>
    protected abstract void Map(IovaRange range, Hva memory);

    // Once there is a device: then the kernel pins it at once, and says so where it can't.
    private void MapMemory()
    {
        if (_isMapped)
        {
            return;
        }

        foreach (var region in memory.Memory.Regions)
        {
            Map(region.Range, region.Host);
        }

        _isMapped = true;
    }
}

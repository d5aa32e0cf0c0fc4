using Ferry.Linux.Iommufd;
using Ferry.Linux.Memory;
using Ferry.Tracking;

namespace Ferry.Machine.Devices.Kernel;

/// <summary>The address spaces of a machine's kernel devices, made as devices ask for them.</summary>
internal sealed class KernelSpaces(GuestMemoryFile memory) : IDisposable
{
    private readonly List<KernelSpace> _spaces = [];
    private readonly KernelGroups _groups = new();
    private Iommufd? _iommufd;

    /// <summary>Attaches a device to the space that it names.</summary>
    /// <exception cref="MachineException">It can't be; the message says why and what would help.</exception>
    public KernelLink Attach(MachineDevice device)
    {
        var vfio = device.Vfio!;
        var space = _spaces.Find(each => each.Name == vfio.SpaceName && each is IoasSpace == (vfio.Space == VfioSpace.Ioas));
        if (space is null)
        {
            space = vfio.Space == VfioSpace.Ioas ? new IoasSpace(vfio.SpaceName, memory, _groups, OpenIommufd(device)) : new ContainerSpace(vfio.SpaceName, memory, _groups);
            _spaces.Add(space);
        }

        return space.Attach(device);
    }

    /// <summary>Makes the trackers of whole spaces, once all devices are attached.</summary>
    public IEnumerable<IDirtyTracker> CreateTrackers() => _spaces.SelectMany(space => space.CreateTrackers());

    /// <summary>Frees them; devices are closed before.</summary>
    public void Dispose()
    {
        _groups.Dispose();
        _spaces.ForEach(space => space.Dispose());
        _iommufd?.Dispose();
    }

    private Iommufd OpenIommufd(MachineDevice device)
    {
        if (_iommufd is null && !Iommufd.TryOpen(out _iommufd, out var reason))
        {
            throw new MachineException($"device {device.Id}: {reason}");
        }

        return _iommufd!;
    }
}

using Ferry.Linux.Iommufd;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;

namespace Ferry.Lab.Devices;

/// <summary>A device of the lab's driver <c>ferry_rnic</c>, opened by its own file and attached to an address space of iommufd, in which all of a machine's
/// memory is mapped at its guest addresses.</summary>
internal sealed class AttachedRnic : IDisposable
{
    private readonly BoundDevice _bound;
    private readonly Ioas _ioas;

    /// <summary>Opens it.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="memory">The machine's memory; stays the caller's.</param>
    public AttachedRnic(string path, GuestMemoryFile memory)
    {
        _bound = new BoundDevice(path);
        _ioas = _bound.Iommufd.CreateIoas();
        Device.Attach(_ioas.Id);
        foreach (var region in memory.Memory.Regions)
        {
            _ioas.Map(region.Range, region.Host, MapAccess.ReadWrite);
        }
    }

    /// <summary>The device.</summary>
    public VfioDevice Device => _bound.Device;

    /// <inheritdoc/>
    public void Dispose()
    {
        _bound.Device.Dispose();
        _ioas.Dispose();
        _bound.Dispose();
    }
}

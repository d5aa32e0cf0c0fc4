using Ferry.Linux.Vfio;

namespace Ferry.Machine.Devices.Kernel;

/// <summary>The IOMMU groups that a machine's devices are opened by. A group can be opened once, and is in one address space as a whole.</summary>
internal sealed class KernelGroups : IDisposable
{
    private readonly Dictionary<int, (VfioGroup Group, KernelSpace Space)> _open = [];

    /// <summary>Opens a device by its group.</summary>
    /// <param name="device">What the machine's file says.</param>
    /// <param name="place">Where it is.</param>
    /// <param name="space">Where its group belongs.</param>
    /// <param name="join">Puts a group there that is not yet.</param>
    /// <exception cref="MachineException">It can't be opened so; the message says why and what would help.</exception>
    /// <exception cref="Linux.KernelCallException">The kernel refused.</exception>
    public VfioDevice Open(MachineDevice device, VfioPlace place, KernelSpace space, Action<VfioGroup> join)
    {
        if (!place.TryFindGroup(out var number, out var reason))
        {
            throw new MachineException($"device {device.Id}: {reason}");
        }

        if (!_open.TryGetValue(number, out var known))
        {
            known = (Open(device, place, number), space);
            try
            {
                join(known.Group);
            }
            catch
            {
                known.Group.Dispose();
                throw;
            }

            _open.Add(number, known);
        }
        else if (known.Space != space)
        {
            throw new MachineException($"device {device.Id}: its IOMMU group {number} is in {known.Space} as a whole and can't be in {space} too; name the same for all devices of the group.");
        }

        return known.Group.OpenDevice(place.Address);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (group, _) in _open.Values)
        {
            group.Dispose();
        }
    }

    private static VfioGroup Open(MachineDevice device, VfioPlace place, int number)
    {
        if (place.WhyNotVfio() is { } why)
        {
            throw new MachineException($"device {device.Id}: {why}");
        }

        if (VfioGroup.TryOpen(number, out var group, out var reason))
        {
            return group!;
        }

        var obstacles = place.FindObstacles(number);
        throw new MachineException($"device {device.Id}: {reason}{(obstacles.Count == 0 ? "" : $" In the way: {string.Join(", ", obstacles)}.")}");
    }
}

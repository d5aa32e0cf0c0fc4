using System.Text;
using Ferry.Linux.Files;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Vfio;

/// <summary>An IOMMU group: the devices that can't be parted from one another, which one container takes together. Source: linux/vfio.h.</summary>
public sealed unsafe class VfioGroup : IDisposable
{
    internal const uint Viable = 1;
    private readonly SafeFileHandle _handle;

    private VfioGroup(SafeFileHandle handle, int number) => (_handle, Number) = (handle, number);

    /// <summary>Its number, as in /sys/kernel/iommu_groups.</summary>
    public int Number { get; }

    /// <summary>Opens a group that can be used, or says why not.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="group">The group, or null.</param>
    /// <param name="reason">Where null is returned, why and what would help.</param>
    public static bool TryOpen(int number, out VfioGroup? group, out string? reason) => TryOpen(number, out group, out reason, out _);

    /// <summary>Opens a group that can be used, or says why not.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="group">The group, or null.</param>
    /// <param name="reason">Where null is returned, why and what would help.</param>
    /// <param name="errno">Where null is returned, the error that the kernel refused the file with; 0 where it opened the file, which then was of no use.</param>
    public static bool TryOpen(int number, out VfioGroup? group, out string? reason, out int errno)
    {
        group = null;
        if (!DeviceFile.TryOpen($"/dev/vfio/{number}", RemedyOf(number), out var handle, out reason, out errno))
        {
            return false;
        }

        var status = new VfioGroupStatus { Argsz = (uint)sizeof(VfioGroupStatus) };
        if (VfioCalls.Ioctl(handle!, VfioCalls.GroupGetStatus.Number, (nint)(&status)) < 0 || (status.Flags & Viable) == 0)
        {
            handle!.Dispose();
            reason = DescribeNotViable(number);
            return false;
        }

        group = new(handle!, number);
        return true;
    }

    /// <summary>What is said of a group with a device that the kernel uses itself.</summary>
    /// <param name="number">Its number.</param>
    public static string DescribeNotViable(int number) =>
        $"/dev/vfio/{number} is not viable: every device of IOMMU group {number} must be bound to a VFIO driver or to none.";

    internal static string RemedyOf(int number) => $"bind the devices of IOMMU group {number} to a VFIO driver, for instance vfio-pci";

    /// <summary>Puts it into a container; its devices can then be opened.</summary>
    /// <exception cref="KernelCallException">The kernel refused, for instance because it is in one already.</exception>
    public void SetContainer(VfioContainer container)
    {
        ArgumentNullException.ThrowIfNull(container);
        var descriptor = (int)container.Handle.DangerousGetHandle();
        VfioCalls.Call(_handle, VfioCalls.GroupSetContainer, ref descriptor, $"group {Number}");
        GC.KeepAlive(container);
    }

    /// <summary>Puts it into an iommufd as into a container: its devices are attached, when they are opened, to the address space that
    /// <see cref="Iommufd.Iommufd.SetCompatibleIoas"/> set last.</summary>
    /// <exception cref="KernelCallException">The kernel refused, for instance because it is in a container already.</exception>
    public void SetContainer(Iommufd.Iommufd iommufd)
    {
        ArgumentNullException.ThrowIfNull(iommufd);
        var descriptor = (int)iommufd.Handle.DangerousGetHandle();
        VfioCalls.Call(_handle, VfioCalls.GroupSetContainer, ref descriptor, $"group {Number}");
        GC.KeepAlive(iommufd);
    }

    /// <summary>Takes it out of its container; its devices must be closed.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void UnsetContainer() => VfioCalls.Call(_handle, VfioCalls.GroupUnsetContainer, 0, $"group {Number}");

    /// <summary>Opens a device of it, which resets the device.</summary>
    /// <param name="name">As in sysfs, for instance <c>0000:00:03.0</c>.</param>
    /// <exception cref="KernelCallException">The kernel refused, for instance because there is no such device in the group.</exception>
    public VfioDevice OpenDevice(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name + "\0");
        fixed (byte* pointer = bytes)
        {
            var descriptor = VfioCalls.Call(_handle, VfioCalls.GroupGetDevice, (nint)pointer, $"{name} in group {Number}");
            return new VfioDevice(new SafeFileHandle(descriptor, ownsHandle: true), name);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}

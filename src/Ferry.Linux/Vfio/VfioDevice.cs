using Ferry.Linux.Files;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Vfio;

/// <summary>A device of the kernel's VFIO drivers, opened by its group or by its own file. Source: linux/vfio.h.</summary>
/// <remarks>One thread at a time, but for regions, which any thread may access. Closing it stops its DMA and resets it.</remarks>
public sealed unsafe partial class VfioDevice : IDisposable
{
    internal const uint FlagReset = 1;
    internal const uint FlagPci = 2;
    internal const string Remedy = "bind the device to a VFIO driver, for instance vfio-pci, in a kernel with CONFIG_VFIO_DEVICE_CDEV (Linux 6.6)";
    private readonly SafeFileHandle _handle;

    internal VfioDevice(SafeFileHandle handle, string name) => (_handle, Name) = (handle, name);

    /// <summary>What it is called in messages: its name in sysfs, or the path it was opened by.</summary>
    public string Name { get; }

    /// <summary>The number by which its iommufd knows it; 0 before <see cref="Bind"/>.</summary>
    public uint DeviceId { get; private set; }

    /// <summary>Opens a device by its own file, or says why it can't be. Nothing can be done with it until it is bound to an iommufd.</summary>
    /// <param name="path">For instance <c>/dev/vfio/devices/vfio0</c>.</param>
    /// <param name="device">The device, or null.</param>
    /// <param name="reason">Where null is returned, why and what would help.</param>
    public static bool TryOpen(string path, out VfioDevice? device, out string? reason) => TryOpen(path, out device, out reason, out _);

    /// <summary>Opens a device by its own file, or says why it can't be. Nothing can be done with it until it is bound to an iommufd.</summary>
    /// <param name="path">For instance <c>/dev/vfio/devices/vfio0</c>.</param>
    /// <param name="device">The device, or null.</param>
    /// <param name="reason">Where null is returned, why and what would help.</param>
    /// <param name="errno">Where null is returned, the error that the kernel refused the file with.</param>
    public static bool TryOpen(string path, out VfioDevice? device, out string? reason, out int errno)
    {
        var opened = DeviceFile.TryOpen(path, Remedy, out var handle, out reason, out errno);
        device = opened ? new(handle!, path) : null;
        return opened;
    }

    /// <summary>Binds a device that was opened by its own file to <paramref name="iommufd"/>, which resets it.</summary>
    /// <exception cref="KernelCallException">The kernel refused, for instance because it is bound.</exception>
    public void Bind(Iommufd.Iommufd iommufd)
    {
        ArgumentNullException.ThrowIfNull(iommufd);
        var bind = new VfioBindIommufd { Argsz = (uint)sizeof(VfioBindIommufd), Iommufd = (int)iommufd.Handle.DangerousGetHandle() };
        VfioCalls.Call(_handle, VfioCalls.DeviceBindIommufd, ref bind, Name);
        GC.KeepAlive(iommufd);
        DeviceId = bind.OutDevid;
    }

    /// <summary>Attaches it to an address space, for which the kernel finds or makes a page table, or to a page table, in place of what it was attached to.</summary>
    /// <param name="pageTableId">The number of an <see cref="Iommufd.Ioas"/> or a <see cref="Iommufd.Hwpt"/>.</param>
    /// <returns>The number of the page table, or of the address space where the device has none.</returns>
    /// <exception cref="KernelCallException">The kernel refused, for instance because the page table is tracked and the device's IOMMU has no dirty bit.</exception>
    public uint Attach(uint pageTableId)
    {
        var attach = new VfioAttachPageTable { Argsz = (uint)sizeof(VfioAttachPageTable), PtId = pageTableId };
        VfioCalls.Call(_handle, VfioCalls.DeviceAttach, ref attach, $"{Name}, page table {pageTableId}");
        return attach.PtId;
    }

    /// <summary>Detaches it; its DMA is refused from now on.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void Detach()
    {
        var detach = new VfioDetachPageTable { Argsz = (uint)sizeof(VfioDetachPageTable) };
        VfioCalls.Call(_handle, VfioCalls.DeviceDetach, ref detach, Name);
    }

    /// <summary>Asks what it is.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public VfioDeviceInfo GetInfo()
    {
        var info = new VfioDeviceInfoHead { Argsz = (uint)sizeof(VfioDeviceInfoHead) };
        VfioCalls.Call(_handle, VfioCalls.DeviceGetInfo, ref info, Name);
        return new((info.Flags & FlagReset) != 0, (info.Flags & FlagPci) != 0, info.NumRegions, info.NumIrqs);
    }

    /// <summary>Resets it; its migration state is RUNNING then.</summary>
    /// <exception cref="KernelCallException">It can't be reset, or the reset failed.</exception>
    public void Reset() => VfioCalls.Call(_handle, VfioCalls.DeviceReset, 0, Name);

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}

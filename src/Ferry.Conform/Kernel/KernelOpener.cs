using Ferry.Linux;
using Ferry.Linux.Iommufd;
using Ferry.Linux.Vfio;

namespace Ferry.Conform.Kernel;

/// <summary>Opens a device of a kernel VFIO driver with an address space of its own, or says what is missing and what would help.</summary>
/// <remarks>What is missing is a <see cref="DeviceFaultException"/>, <see cref="DeviceFault.Unreachable"/>. Source: the kernel's documents on VFIO and
/// iommufd.</remarks>
internal static class KernelOpener
{
    private const string Iommu = "/dev/iommu";
    private const string Container = "/dev/vfio/vfio";
    private const int NotPermitted = 1;
    private const int Busy = 16;

    /// <summary>Opens it.</summary>
    public static IKernelCalls Open(string name, KernelAccess access, string sysfs = VfioSysfs.Root)
    {
        var folder = VfioSysfs.FolderOf(name, sysfs);
        RequireDriver(name, folder);
        var hasFile = VfioSysfs.TryFindDevice(folder, out var file) && File.Exists(file);
        return access switch
        {
            KernelAccess.DeviceFile when !hasFile => throw Unreachable(
                $"{name} has no file of its own: that takes a kernel with CONFIG_VFIO_DEVICE_CDEV (Linux 6.6). Its group will do instead: --vfio-access group."),
            KernelAccess.DeviceFile => OpenFile(name, file),
            KernelAccess.Auto when hasFile && File.Exists(Iommu) => OpenFile(name, file),
            _ => OpenGroup(name, folder, compatible: access == KernelAccess.GroupIommufd),
        };
    }

    private static void RequireDriver(string name, string folder)
    {
        var isMediated = Guid.TryParse(name, out _);
        if (!Directory.Exists(folder))
        {
            throw Unreachable(isMediated
                ? $"There is no mediated device {name}: write its UUID into mdev_supported_types/TYPE/create of its parent, below /sys/class/mdev_bus."
                : $"There is no PCI device {name}; 'lspci -D' lists those that there are.");
        }

        // Where there is no such folder the kernel is older than that, or no VFIO driver has the device.
        var driver = VfioSysfs.FindDriver(folder);
        if (!isMediated && !Directory.Exists(Path.Combine(folder, "vfio-dev")) && driver?.Contains("vfio", StringComparison.Ordinal) != true)
        {
            throw Unreachable(
                $"{name} is driven by {driver ?? "no driver"}, not by one of VFIO: write the VFIO driver that migrates it, or vfio-pci, into {folder}/driver_override, "
                    + $"{(driver is null ? "" : $"{name} into {folder}/driver/unbind, ")}and {name} into /sys/bus/pci/drivers_probe.");
        }
    }

    private static KernelCalls OpenFile(string name, string file)
    {
        var opened = new Stack<IDisposable>();
        try
        {
            Require(Iommufd.TryOpen(out var iommufd, out var reason), reason);
            opened.Push(iommufd!);
            Require(VfioDevice.TryOpen(file, out var device, out reason), reason);
            opened.Push(device!);
            Try(() => device!.Bind(iommufd!), $"{name} can't be bound to an iommufd; another process may have it, by its file or by its group");
            var ioas = iommufd!.CreateIoas();
            Try(() => device!.Attach(ioas.Id), $"{name} can't be attached to an address space; another device of its IOMMU group may belong to another process");
            string[] opening =
            [
                $"open {Iommu}", $"open {file}", "VFIO_DEVICE_BIND_IOMMUFD", "IOMMU_IOAS_ALLOC", "VFIO_DEVICE_ATTACH_IOMMUFD_PT",
            ];
            return new KernelCalls(device!, opening, "IOMMU_IOAS_MAP", ioas.Map, ioas, iommufd);
        }
        catch
        {
            CloseAll(opened);
            throw;
        }
    }

    private static KernelCalls OpenGroup(string name, string folder, bool compatible)
    {
        var opened = new Stack<IDisposable>();
        try
        {
            Require(
                VfioSysfs.TryFindGroup(folder, out var number),
                $"{name} is in no IOMMU group: enable the IOMMU in the firmware and on the kernel's command line (intel_iommu=on on Intel's hosts).");
            Require(VfioContainer.TryOpen(out var container, out var reason, compatible), reason);
            opened.Push(container!);
            Require(VfioGroup.TryOpen(number, out var group, out reason), reason);
            opened.Push(group!);
            Try(() => group!.SetContainer(container!), $"IOMMU group {number} can't be put into a container; another process may have it");
            Try(container!.UseType1, $"The container of IOMMU group {number} can't be used");
            VfioDevice? device = null;
            Try(() => device = group!.OpenDevice(name), $"{name} can't be opened in IOMMU group {number}");
            string[] opening =
            [
                $"open {(compatible ? Iommu : Container)}", FormattableString.Invariant($"open /dev/vfio/{number}"),
                "VFIO_GROUP_SET_CONTAINER", "VFIO_SET_IOMMU type1 version 2", $"VFIO_GROUP_GET_DEVICE_FD {name}",
            ];
            return new KernelCalls(device!, opening, "VFIO_IOMMU_MAP_DMA", container.Map, group!, container);
        }
        catch
        {
            CloseAll(opened);
            throw;
        }
    }

    private static void CloseAll(Stack<IDisposable> opened)
    {
        while (opened.TryPop(out var last))
        {
            last.Dispose();
        }
    }

    private static void Require(bool holds, string? reason)
    {
        if (!holds)
        {
            throw Unreachable(reason!);
        }
    }

    private static void Try(Action call, string problem)
    {
        try
        {
            call();
        }
        catch (KernelCallException e)
        {
            var remedy = e.Errno switch
            {
                NotPermitted =>
                    " The host can't keep its devices' interrupts apart: enable interrupt remapping in the firmware, or accept the risk by allow_unsafe_interrupts of vfio_iommu_type1 or iommufd.",
                Busy => " End the process that has it: 'fuser -v /dev/vfio/*' names it.",
                _ => "",
            };
            throw new DeviceFaultException(DeviceFault.Unreachable, $"{problem}: {e.Message}.{remedy}", e);
        }
    }

    private static DeviceFaultException Unreachable(string reason) => new(DeviceFault.Unreachable, reason);
}

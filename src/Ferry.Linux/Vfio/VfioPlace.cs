using System.Globalization;

namespace Ferry.Linux.Vfio;

/// <summary>A device that the kernel has, by its folder in /sys: where its group and its files are, or why they are not there.</summary>
/// <remarks>Source: the kernel's documents on VFIO and on mediated devices.</remarks>
public sealed class VfioPlace
{
    private const int LongestDomainDigits = 8;

    private readonly string _sys;
    private readonly string _folder;

    private VfioPlace(string sys, string folder, string address) => (_sys, _folder, Address) = (sys, folder, address);

    /// <summary>Its address: that of a PCI device, or the UUID of a mediated one, as sysfs has it.</summary>
    public string Address { get; }

    private bool IsPci => !Guid.TryParseExact(Address, "D", out _);

    /// <summary>Whether a text is an address in the form that sysfs has: <c>0000:01:00.0</c>, or a UUID in lower case.</summary>
    public static bool IsAddress(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Guid.TryParseExact(text, "D", out var uuid))
        {
            return uuid.ToString("D") == text;
        }

        var parts = text.Split(':', '.');
        return parts is [var domain, var bus, var slot, var function]
            && text == $"{domain}:{bus}:{slot}.{function}"
            && domain.Length is >= 4 and <= LongestDomainDigits && parts.All(part => part.All(char.IsAsciiHexDigitLower))
            && bus.Length == 2 && slot.Length == 2 && function.Length == 1
            && int.Parse(slot, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) < 32 && function[0] < '8';
    }

    /// <summary>Finds a device, or says that there is none.</summary>
    /// <param name="address">As in <see cref="IsAddress"/>.</param>
    /// <param name="place">The device, or null.</param>
    /// <param name="reason">Where null is returned, what would help.</param>
    public static bool TryFind(string address, out VfioPlace? place, out string? reason) => TryFind("/sys", address, out place, out reason);

    /// <summary>The number of its IOMMU group, or why it is in none.</summary>
    public bool TryFindGroup(out int group, out string? reason)
    {
        reason = null;
        if (VfioSysfs.TryFindGroup(_folder, out group))
        {
            return true;
        }

        reason = IsPci
            ? $"{Address} is behind no IOMMU: enable it in the firmware (VT-d, AMD-Vi) and on the kernel's command line (intel_iommu=on)."
            : $"{Address} is in no IOMMU group: load the module that made it again, in a kernel with CONFIG_VFIO_GROUP.";
        return false;
    }

    /// <summary>The path of its own file, or why it has none.</summary>
    public bool TryFindFile(out string path, out string? reason)
    {
        reason = null;
        if (VfioSysfs.TryFindDevice(_folder, out path))
        {
            return true;
        }

        // Without an IOMMU no VFIO driver takes a PCI device: that comes first.
        if (IsPci && !TryFindGroup(out _, out reason))
        {
            return false;
        }

        reason = WhyNotVfio() ?? $"{Address} has no file of its own: that takes Linux 6.6 with CONFIG_VFIO_DEVICE_CDEV. It can be opened by its group instead.";
        return false;
    }

    /// <summary>Why no VFIO driver has it, or null where one has.</summary>
    public string? WhyNotVfio()
    {
        var driver = DriverOf(_folder);
        if (Directory.Exists(Path.Combine(_folder, "vfio-dev")) || (driver is not null && IsOlderVfioDriver(driver)))
        {
            return null;
        }

        var remedy = IsPci
            ? $"give it to one: echo vfio-pci > {_folder}/driver_override, then its address to unbind of the driver that has it, and to /sys/bus/pci/drivers_probe"
            : "remove it and make it anew";
        return $"{Address} is bound to {(driver is null ? "no driver" : $"the driver {driver}")}, which is none of VFIO's: {remedy}.";
    }

    /// <summary>The devices of a group that keep it from being used: those that a driver has which is none of VFIO's.</summary>
    public IReadOnlyList<string> FindObstacles(int group)
    {
        var folder = Path.Combine(_sys, "kernel/iommu_groups", group.ToString(CultureInfo.InvariantCulture), "devices");
        return Directory.Exists(folder)
            ? [.. Directory.GetDirectories(folder).Order()
                .Where(each => DriverOf(each) is { } driver && !Directory.Exists(Path.Combine(each, "vfio-dev")) && !IsHarmless(driver))
                .Select(each => $"{Path.GetFileName(each)} (driver {DriverOf(each)})")]
            : [];
    }

    internal static bool TryFind(string sys, string address, out VfioPlace? place, out string? reason)
    {
        (place, reason) = (null, null);
        if (!IsAddress(address))
        {
            reason = $"'{address}' is neither a PCI address as 0000:01:00.0 nor a UUID.";
            return false;
        }

        var isPci = !Guid.TryParseExact(address, "D", out _);
        var folder = Path.Combine(sys, isPci ? "bus/pci/devices" : "bus/mdev/devices", address);
        if (Directory.Exists(folder))
        {
            place = new(sys, folder, address);
            return true;
        }

        reason = isPci
            ? $"there is no PCI device {address} here: lspci -D lists those that there are."
            : $"there is no mediated device {address} here: write its UUID to the create file of a type below /sys/class/mdev_bus.";
        return false;
    }

    private static string? DriverOf(string folder) => new FileInfo(Path.Combine(folder, "driver")).LinkTarget is { } target ? Path.GetFileName(target) : null;

    // Kernels before 6.2 have no vfio-dev folder.
    private static bool IsOlderVfioDriver(string driver) => driver.Contains("vfio", StringComparison.Ordinal);

    // What the kernel lets be beside a device of VFIO's. Source: drivers/vfio, drivers that set driver_managed_dma.
    private static bool IsHarmless(string driver) => driver is "pci-stub" or "pcieport" || IsOlderVfioDriver(driver);
}

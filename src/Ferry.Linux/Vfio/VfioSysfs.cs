using System.Globalization;
using System.Text.RegularExpressions;

namespace Ferry.Linux.Vfio;

/// <summary>Finds a device's folder in /sys by its name, and its files in /dev by that folder. Source: the kernel's document on VFIO.</summary>
public static partial class VfioSysfs
{
    /// <summary>Where sysfs is mounted.</summary>
    public const string Root = "/sys";

    /// <summary>Reads the name of a device as people write it: a PCI address, whose domain 0000 may be left out, or a mediated device's UUID.</summary>
    /// <param name="text">For instance <c>01:00.0</c>.</param>
    /// <param name="name">As sysfs has it, for instance <c>0000:01:00.0</c>.</param>
    /// <returns>False where it is neither.</returns>
    public static bool TryParseName(string text, out string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        name = text.ToLowerInvariant();
        if (ShortAddress().IsMatch(name))
        {
            name = $"0000:{name}";
        }

        return FullAddress().IsMatch(name) || Guid.TryParseExact(name, "D", out _);
    }

    /// <summary>The folder of a device, whether it is there or not.</summary>
    /// <param name="name">As <see cref="TryParseName"/> gives it.</param>
    /// <param name="root">Where sysfs is mounted.</param>
    /// <exception cref="ArgumentException">It is no such name.</exception>
    public static string FolderOf(string name, string root = Root) =>
        !TryParseName(name, out var full) ? throw new ArgumentException($"{name} is neither a PCI address nor a UUID.", nameof(name))
            : Path.Combine(root, "bus", full.Contains('.', StringComparison.Ordinal) ? "pci" : "mdev", "devices", full);

    /// <summary>The name of the driver that has a device, or null where none has.</summary>
    /// <param name="deviceFolder">For instance <c>/sys/bus/pci/devices/0000:00:03.0</c>.</param>
    public static string? FindDriver(string deviceFolder) =>
        new FileInfo(Path.Combine(deviceFolder, "driver")).LinkTarget is { } target ? Path.GetFileName(target) : null;

    /// <summary>The number of the IOMMU group that a device is in.</summary>
    /// <param name="deviceFolder">For instance <c>/sys/bus/pci/devices/0000:00:03.0</c>.</param>
    /// <param name="group">The number.</param>
    /// <returns>False where there is no such device, or no IOMMU that it is behind.</returns>
    public static bool TryFindGroup(string deviceFolder, out int group)
    {
        group = 0;
        var link = new FileInfo(Path.Combine(deviceFolder, "iommu_group"));
        return link.LinkTarget is { } target && int.TryParse(Path.GetFileName(target), NumberStyles.None, CultureInfo.InvariantCulture, out group);
    }

    /// <summary>The path of a device's own file.</summary>
    /// <param name="deviceFolder">For instance <c>/sys/bus/pci/devices/0000:00:03.0</c>.</param>
    /// <param name="path">For instance <c>/dev/vfio/devices/vfio0</c>.</param>
    /// <returns>False where there is no such device, no VFIO driver has it, or the kernel gives devices no own files.</returns>
    public static bool TryFindDevice(string deviceFolder, out string path)
    {
        path = "";
        var folder = Path.Combine(deviceFolder, "vfio-dev");
        if (!Directory.Exists(folder) || Directory.GetDirectories(folder) is not [var only])
        {
            return false;
        }

        path = $"/dev/vfio/devices/{Path.GetFileName(only)}";
        return true;
    }

    [GeneratedRegex("^[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]\\z")]
    private static partial Regex ShortAddress();

    [GeneratedRegex("^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]\\z")]
    private static partial Regex FullAddress();
}

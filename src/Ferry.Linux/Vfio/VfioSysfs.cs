using System.Globalization;

namespace Ferry.Linux.Vfio;

/// <summary>Finds the files of a device in /dev by its folder in /sys. Source: the kernel's document on VFIO.</summary>
public static class VfioSysfs
{
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
}

using System.Globalization;

namespace Ferry.Lab.Devices;

/// <summary>The files in /dev that VFIO makes for a device.</summary>
internal static class VfioFiles
{
    /// <summary>The device's IOMMU group, whose file is there and opens.</summary>
    public static int OpenGroup(string deviceFolder)
    {
        var link = new DirectoryInfo(Path.Combine(deviceFolder, "iommu_group")).LinkTarget;
        LabContext.Require(link is not null, $"{deviceFolder} has no IOMMU group");
        var group = int.Parse(Path.GetFileName(link), CultureInfo.InvariantCulture);
        using var file = File.OpenHandle($"/dev/vfio/{group}", access: FileAccess.ReadWrite);
        return group;
    }

    /// <summary>The path of the device's own file, which opens.</summary>
    public static string OpenDevice(string deviceFolder)
    {
        var names = Directory.GetDirectories(Path.Combine(deviceFolder, "vfio-dev"));
        LabContext.Require(names.Length == 1, $"{deviceFolder} has {names.Length} files of its own");
        var path = $"/dev/vfio/devices/{Path.GetFileName(names[0])}";
        using var file = File.OpenHandle(path, access: FileAccess.ReadWrite);
        return path;
    }
}

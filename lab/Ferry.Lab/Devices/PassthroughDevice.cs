using System.Globalization;

namespace Ferry.Lab.Devices;

/// <summary>A PCI device that vfio-pci drives; given back when it is disposed. Source: the kernel's documents on sysfs-bus-pci and VFIO.</summary>
internal sealed class PassthroughDevice : IDisposable
{
    private const string Driver = "vfio-pci";

    private PassthroughDevice(string folder) => Folder = folder;

    /// <summary>Its folder in sysfs.</summary>
    public string Folder { get; }

    /// <summary>Its address, for instance <c>0000:00:03.0</c>.</summary>
    public string Address => Path.GetFileName(Folder);

    /// <summary>The folder in sysfs of the only device of these numbers.</summary>
    public static string FindFolder(ushort vendor, ushort device)
    {
        var folders = Directory.GetDirectories("/sys/bus/pci/devices").Where(folder => Read(folder, "vendor") == vendor && Read(folder, "device") == device).ToList();
        LabContext.Require(folders.Count == 1, $"{folders.Count} PCI devices are {vendor:x4}:{device:x4}");
        return folders[0];
    }

    /// <summary>Finds the only device of these numbers and gives it to vfio-pci.</summary>
    public static PassthroughDevice Bind(ushort vendor, ushort device)
    {
        var bound = new PassthroughDevice(FindFolder(vendor, device));
        File.WriteAllText(Path.Combine(bound.Folder, "driver_override"), Driver);
        File.WriteAllText("/sys/bus/pci/drivers_probe", bound.Address);
        var driver = Path.GetFileName(new DirectoryInfo(Path.Combine(bound.Folder, "driver")).LinkTarget);
        LabContext.Require(driver == Driver, $"{bound.Address} is driven by {driver ?? "no driver"}");
        return bound;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        File.WriteAllText($"/sys/bus/pci/drivers/{Driver}/unbind", Address);
        File.WriteAllText(Path.Combine(Folder, "driver_override"), "\n");
    }

    private static int Read(string folder, string file) =>
        int.Parse(File.ReadAllText(Path.Combine(folder, file)).Trim()[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}

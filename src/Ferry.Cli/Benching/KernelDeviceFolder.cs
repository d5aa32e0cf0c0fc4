using System.Text.RegularExpressions;
using Ferry.Cli.Commands;

namespace Ferry.Cli.Benching;

/// <summary>Where /sys has a device of a kernel VFIO driver.</summary>
internal static partial class KernelDeviceFolder
{
    /// <summary>The folder of a PCI device, by its address with or without its domain, or of a mediated one, by its UUID.</summary>
    /// <exception cref="UsageException">It is neither, or there is no such device.</exception>
    public static string Find(string name)
    {
        var folder = Address().IsMatch(name) ? $"/sys/bus/pci/devices/{(name.Count(c => c == ':') == 1 ? $"0000:{name}" : name)}"
            : Guid.TryParseExact(name, "D", out _) ? $"/sys/bus/mdev/devices/{name}"
            : throw new UsageException($"--vfio: '{name}' is neither a PCI address, such as 0000:01:00.0, nor the UUID of a mediated device");
        // Its true place: the name of the folder there is the device's own.
        return Directory.Exists(folder) ? new DirectoryInfo(folder).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? folder : throw new UsageException($"--vfio: there is no {folder}");
    }

    [GeneratedRegex("^([0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}[.][0-7]$", RegexOptions.IgnoreCase)]
    private static partial Regex Address();
}

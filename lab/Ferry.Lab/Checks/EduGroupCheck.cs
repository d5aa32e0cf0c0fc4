using Ferry.Lab.Devices;

namespace Ferry.Lab.Checks;

/// <summary>A PCI device behind the emulated IOMMU is given to vfio-pci; its group and its own file appear, and go when it is given back.</summary>
internal sealed class EduGroupCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "pci-edu";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        string path;
        int group;
        using (var device = PassthroughDevice.Bind(EduDevice.Vendor, EduDevice.Device))
        {
            group = VfioFiles.OpenGroup(device.Folder);
            path = VfioFiles.OpenDevice(device.Folder);
        }

        LabContext.WaitFor(() => !File.Exists(path) && !File.Exists($"/dev/vfio/{group}"), "the removal of the device's files");
        return $"group {group}, {path}";
    }
}

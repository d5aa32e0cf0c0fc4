using Ferry.Lab.Devices;

namespace Ferry.Lab.Checks;

/// <summary>A mediated device is made through sysfs; its group and its own file appear, and go with it.</summary>
internal sealed class MttyCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "mdev-mtty";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        string path;
        int group;
        using (var device = MediatedDevice.Create("mtty", "mtty-1"))
        {
            group = VfioFiles.OpenGroup(device.Folder);
            path = VfioFiles.OpenDevice(device.Folder);
        }

        LabContext.WaitFor(() => !File.Exists(path) && !File.Exists($"/dev/vfio/{group}"), "the removal of the device's files");
        return $"group {group}, {path}";
    }
}

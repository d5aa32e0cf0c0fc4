namespace Ferry.Lab.Devices;

/// <summary>A mediated device of a kernel driver, made through sysfs; removed when it is disposed. Source: the kernel's document on mediated devices.</summary>
internal sealed class MediatedDevice : IDisposable
{
    private MediatedDevice(string folder) => Folder = folder;

    /// <summary>Its folder in sysfs.</summary>
    public string Folder { get; }

    /// <summary>Makes one.</summary>
    /// <param name="parent">The driver's device, for instance <c>mtty</c>.</param>
    /// <param name="type">The type, for instance <c>mtty-1</c>.</param>
    public static MediatedDevice Create(string parent, string type)
    {
        var id = Guid.NewGuid().ToString();
        File.WriteAllText($"/sys/class/mdev_bus/{parent}/mdev_supported_types/{type}/create", id);
        return new($"/sys/bus/mdev/devices/{id}");
    }

    /// <summary>Writes one of the driver's attributes of the device.</summary>
    /// <param name="attribute">Its path from the device's folder.</param>
    /// <param name="value">What is written.</param>
    public void Set(string attribute, string value) => File.WriteAllText(Path.Combine(Folder, attribute), value);

    /// <inheritdoc/>
    public void Dispose() => File.WriteAllText(Path.Combine(Folder, "remove"), "1");
}

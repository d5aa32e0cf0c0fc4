namespace Ferry.Lab.Devices;

/// <summary>The lab's test device: a mediated device that does DMA, logs it and migrates. Source: docs/lab.md.</summary>
internal sealed class RnicDevice : IDisposable
{
    /// <summary>What drives it.</summary>
    public const string Stimulus = "rnic";

    private const string Driver = "ferry_rnic";
    private readonly MediatedDevice _device;

    /// <summary>Makes one.</summary>
    /// <param name="attributes">What is otherwise than initially, by the names of docs/lab.md.</param>
    public RnicDevice(params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        _device = MediatedDevice.Create(Driver, $"{Driver}-1");
        try
        {
            foreach (var (name, value) in attributes)
            {
                File.WriteAllText(Path.Combine(_device.Folder, "rnic", name), value);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Its UUID.</summary>
    public string Name => Path.GetFileName(_device.Folder);

    /// <inheritdoc/>
    public void Dispose() => _device.Dispose();
}

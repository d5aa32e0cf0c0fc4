using Ferry.Linux.Iommufd;
using Ferry.Linux.Vfio;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Probing;

/// <summary>A real device that is open.</summary>
/// <param name="device">The device.</param>
/// <param name="iommufd">What it is bound to; null where it was opened by its group.</param>
/// <param name="others">What else is to be closed with it, in that order.</param>
internal sealed class ProbedDevice(VfioDevice device, Iommufd? iommufd, params IDisposable[] others) : IProbedDevice
{
    /// <inheritdoc/>
    public IDeviceLogCalls Log { get; } = new DeviceLogCalls(device);

    /// <inheritdoc/>
    public VfioMigrationFlags GetMigrationFlags() => device.GetMigrationFlags();

    /// <inheritdoc/>
    public bool HasDmaLog() => device.HasDmaLog;

    /// <inheritdoc/>
    public string? FindIommuObstacle() => iommufd is null
        ? $"{device.Name} has no file of its own, by which iommufd could have it: CONFIG_VFIO_DEVICE_CDEV (Linux 6.6) is needed"
        : IommufdTracker.FindObstacle(iommufd, [device.DeviceId]);

    /// <inheritdoc/>
    public void Dispose()
    {
        device.Dispose();
        iommufd?.Dispose();
        foreach (var other in others)
        {
            other.Dispose();
        }
    }
}

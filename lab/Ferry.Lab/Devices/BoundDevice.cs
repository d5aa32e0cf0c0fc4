using Ferry.Linux.Iommufd;
using Ferry.Linux.Vfio;

namespace Ferry.Lab.Devices;

/// <summary>A device that was opened by its own file and bound to an iommufd of its own.</summary>
internal sealed class BoundDevice : IDisposable
{
    /// <summary>Opens one.</summary>
    /// <param name="path">Its file.</param>
    public BoundDevice(string path)
    {
        LabContext.Require(Iommufd.TryOpen(out var iommufd, out var reason), reason ?? "");
        LabContext.Require(VfioDevice.TryOpen(path, out var device, out reason), reason ?? "");
        (Iommufd, Device) = (iommufd!, device!);
        Device.Bind(Iommufd);
    }

    /// <summary>The device.</summary>
    public VfioDevice Device { get; }

    /// <summary>What it is bound to.</summary>
    public Iommufd Iommufd { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Device.Dispose();
        Iommufd.Dispose();
    }
}

using Ferry.Lab.Devices;
using Ferry.Linux.Iommufd;
using Ferry.Linux.Vfio;

namespace Ferry.Lab.Checks;

/// <summary>A PCI device does DMA through an address space of iommufd.</summary>
internal sealed class EduIommufdCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "dma-iommufd";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var bound = PassthroughDevice.Bind(EduDevice.Vendor, EduDevice.Device);
        LabContext.Require(Iommufd.TryOpen(out var opened, out var reason), reason ?? "");
        using var iommufd = opened!;
        LabContext.Require(VfioDevice.TryOpen(VfioFiles.OpenDevice(bound.Folder), out var openedDevice, out reason), reason ?? "");
        using var ioas = iommufd.CreateIoas();
        using var device = openedDevice!;
        device.Bind(iommufd);
        device.Attach(ioas.Id);
        return EduTransfers.Run(device, (range, memory) => ioas.Map(range, memory, MapAccess.ReadWrite), range => ioas.Unmap(range));
    }
}

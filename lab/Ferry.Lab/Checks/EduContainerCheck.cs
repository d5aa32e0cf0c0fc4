using Ferry.Lab.Devices;
using Ferry.Linux.Vfio;

namespace Ferry.Lab.Checks;

/// <summary>A PCI device does DMA through a type1 container.</summary>
internal sealed class EduContainerCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "dma-type1";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var bound = PassthroughDevice.Bind(EduDevice.Vendor, EduDevice.Device);
        LabContext.Require(VfioContainer.TryOpen(out var opened, out var reason), reason ?? "");
        using var container = opened!;
        LabContext.Require(VfioGroup.TryOpen(VfioFiles.OpenGroup(bound.Folder), out var openedGroup, out reason), reason ?? "");
        using var group = openedGroup!;
        group.SetContainer(container);
        container.UseType1();
        using var device = group.OpenDevice(bound.Address);
        return EduTransfers.Run(device, (range, memory) => container.Map(range, memory, MapAccess.ReadWrite), range => container.Unmap(range));
    }
}

using Ferry.Lab.Devices;

namespace Ferry.Lab.Checks;

/// <summary>Where no IOMMU is on, <c>ferry run</c> says of a PCI device that this is what is missing.</summary>
internal sealed class RunNoIommuCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "run-no-iommu";

    /// <inheritdoc/>
    public LabMachine Machine => LabMachine.Plain;

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        RunRefusalsCheck.Refuse(PassthroughDevice.FindFolder(EduDevice.Vendor, EduDevice.Device), "is behind no IOMMU: enable it in the firmware");
        return "a PCI device is refused for want of an IOMMU";
    }
}

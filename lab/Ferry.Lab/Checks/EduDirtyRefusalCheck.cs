using Ferry.Lab.Devices;
using Ferry.Linux;
using Ferry.Linux.Iommufd;
using Ferry.Linux.Vfio;

namespace Ferry.Lab.Checks;

/// <summary>QEMU's IOMMU has no dirty bit in its second-stage tables, says so, and refuses a page table that is to be tracked.</summary>
internal sealed class EduDirtyRefusalCheck : ILabCheck
{
    private const int OperationNotSupported = 95;

    /// <inheritdoc/>
    public string Name => "iommufd-no-dirty-bit";

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
        LabContext.Require(!iommufd.GetHardwareInfo(device.DeviceId).HasDirtyTracking, "the IOMMU says that it has a dirty bit");
        using (iommufd.CreateHwpt(device.DeviceId, ioas, dirtyTracking: false))
        {
            try
            {
                iommufd.CreateHwpt(device.DeviceId, ioas, dirtyTracking: true).Dispose();
            }
            catch (KernelCallException e) when (e.Errno == OperationNotSupported)
            {
                return $"a page table without tracking is made, one with it is not: {e.Message}";
            }
        }

        throw new CheckFailedException("the kernel made a page table with dirty tracking for an IOMMU without a dirty bit");
    }
}

using Ferry.Lab.Devices;
using Ferry.Linux;
using Ferry.Linux.Iommufd;
using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Checks;

/// <summary>Where the IOMMU has no dirty bits, the tracker <c>iommufd</c> refuses and says so, and the kernel makes no page table for it.</summary>
internal sealed class MockRefusalCheck : ILabCheck
{
    private const int NotSupported = 95;

    /// <inheritdoc/>
    public string Name => "iommufd-refusal";

    /// <inheritdoc/>
    public LabMachine Machine => LabMachine.Plain;

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        var range = new IovaRange(new(32 << 20), 1 << 20);
        using var device = new MockDevice(MockIommu.WithoutDirtyBits, null, range);
        var obstacle = IommufdTracker.FindObstacle(device.Iommufd, [device.DeviceId]);
        LabContext.Require(obstacle is not null, "the IOMMU is said to have dirty bits");
        try
        {
            device.Iommufd.CreateHwpt(device.DeviceId, device.Ioas, dirtyTracking: true).Dispose();
            throw new CheckFailedException("a page table with tracking was made for an IOMMU without dirty bits");
        }
        catch (KernelCallException e)
        {
            LabContext.Require(e.Errno == NotSupported, e.Message);
        }

        using var hwpt = device.Iommufd.CreateHwpt(device.DeviceId, device.Ioas, dirtyTracking: false);
        LabContext.Require(
            !IommufdTracker.TryCreate(device.Iommufd, hwpt, [device.DeviceId], [new("mock")], out _, out var reason) && reason == obstacle, "a tracker was made");

        // And where it has them, a page table that was made without.
        using var able = new MockDevice(0, null, range);
        using var untracked = able.Iommufd.CreateHwpt(able.DeviceId, able.Ioas, dirtyTracking: false);
        LabContext.Require(
            !IommufdTracker.TryCreate(able.Iommufd, untracked, [able.DeviceId], [new("mock")], out _, out var other) && other.Contains("not made for dirty tracking", StringComparison.Ordinal),
            "a tracker of a page table without tracking was made");
        return obstacle;
    }
}

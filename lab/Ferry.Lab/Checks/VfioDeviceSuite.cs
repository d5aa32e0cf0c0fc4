using Ferry.Testing.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Checks;

/// <summary>The contract of trackers, for <c>vfio-device</c> on a device that writes memory and logs it.</summary>
internal sealed class VfioDeviceSuite : DirtyTrackerContract
{
    /// <inheritdoc/>
    protected override ITrackerFixture CreateFixture() => new RnicTracker(
        rnic =>
        {
            LabContext.Require(VfioDeviceTracker.TryCreate(rnic.Device, new("rnic"), out var tracker, out var reason), reason ?? "");
            return tracker;
        },
        // A log that is no longer started refuses the report that comes, and is started again after it.
        rnic => rnic.Device.StopDmaLog());
}

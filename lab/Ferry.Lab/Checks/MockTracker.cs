using Ferry.Lab.Devices;
using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Checks;

/// <summary>The tracker <c>iommufd</c> on the kernel's mock device, for the suite that every tracker passes.</summary>
internal sealed class MockTracker : ITrackerFixture
{
    private readonly Lock _gate = new();
    private readonly MockDevice _device;

    /// <summary>Makes both.</summary>
    public MockTracker(params IovaRange[] mappings)
    {
        _device = new MockDevice(0, null, mappings);
        LabContext.Require(
            IommufdTracker.TryCreate(_device.Iommufd, _device.Hwpt!, [_device.DeviceId], [new("mock")], out var tracker, out var reason), reason ?? "");
        Tracker = tracker;
    }

    /// <inheritdoc/>
    public IDirtyTracker Tracker { get; }

    /// <inheritdoc/>
    public IovaRange Range { get; } = new(new(32 << 20), 4 << 20);

    /// <inheritdoc/>
    public PageSize PageSize => PageSize.Size4K;

    /// <inheritdoc/>
    public void Write(ulong page)
    {
        // The mock's bits are not atomic: one that is set while others are read may be lost, in the mock alone.
        lock (_gate)
        {
            _device.Write(new(Range.Start.Value + (page << PageSize.Size4K.Shift)));
        }
    }

    /// <inheritdoc/>
    public void Report(DirtyBitmap bitmap)
    {
        lock (_gate)
        {
            Tracker.Report(Range, bitmap);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tracker.Dispose();
        _device.Dispose();
    }
}

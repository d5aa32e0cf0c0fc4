using Ferry.Memory;
using Ferry.Testing;
using Ferry.Tracking;
using Ferry.VfioUser.Tracking;
using Xunit;

namespace Ferry.VfioUser.Tests;

/// <summary>What a tracker of a page table holds of the kernel is given back, also where a start failed.</summary>
[Collection(nameof(IoTableLeakTests))]
[CollectionDefinition(nameof(IoTableLeakTests), DisableParallelization = true)]
public sealed class IoTableLeakTests
{
    [Theory]
    [InlineData(IoTableMode.Scans)]
    [InlineData(IoTableMode.Faults)]
    public void It_leaves_nothing_behind(IoTableMode mode) => ProcessResources.AssertNoneLeft(() =>
    {
        using var device = new TableDevice(mode);
        device.Tracker.Start([device.Range], PageSize.Size4K);
        device.Tracker.Stop();
        device.Faults.FailAt(1);
        Assert.Throws<TrackerStartException>(() => device.Tracker.Start([device.Range], PageSize.Size4K));
    });
}

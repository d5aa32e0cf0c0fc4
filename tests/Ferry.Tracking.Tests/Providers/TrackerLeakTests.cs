using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Testing;
using Ferry.Tracking.Probing;
using Ferry.Tracking.Providers;
using Xunit;

namespace Ferry.Tracking.Tests.Providers;

/// <summary>Trackers that are disposed while they are started, counted while no other test runs.</summary>
[Collection(nameof(TrackerLeakTests))]
[CollectionDefinition(nameof(TrackerLeakTests), DisableParallelization = true)]
public sealed class TrackerLeakTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_started_tracker_of_kvm_leaves_nothing(bool withRing) => ProcessResources.AssertNoneLeft(() =>
    {
        using var writer = new KvmWriter(withRing);
        using IDirtyTracker tracker = withRing ? new KvmRingTracker(writer.Vm, [writer.Vcpu], [writer.Slot]) : new KvmLogTracker(writer.Vm, [writer.Slot]);
        tracker.Start([writer.Slot.Region.Range], PageSize.Size4K);
        writer.Write(5);
    });

    [Fact]
    public void A_probe_of_this_host_leaves_nothing() => ProcessResources.AssertNoneLeft(() => HostProbe.Look());

    [Fact]
    public void A_started_tracker_of_the_process_leaves_nothing() => ProcessResources.AssertNoneLeft(() =>
    {
        using var file = GuestMemoryFile.Create([(new(0), 1 << 20)]);
        Assert.SkipUnless(ProcessTracker.TryCreate(file.Memory, out var tracker, out var reason), reason ?? "");
        using (tracker)
        {
            tracker!.Start([file.Memory.Regions[0].Range], PageSize.Size4K);
        }
    });
}

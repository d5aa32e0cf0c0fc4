using Ferry.Memory;
using Ferry.Testing.Tracking;

namespace Ferry.Lab.Checks;

/// <summary>The contract of trackers, for <c>iommufd</c> on the kernel's mock device.</summary>
internal sealed class MockSuite : DirtyTrackerContract
{
    /// <inheritdoc/>
    protected override ITrackerFixture CreateFixture() => new MockTracker(new IovaRange(new(32 << 20), 4 << 20));
}

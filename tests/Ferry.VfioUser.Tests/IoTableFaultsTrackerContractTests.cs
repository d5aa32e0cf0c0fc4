using Ferry.Testing.Tracking;
using Ferry.VfioUser.Tracking;

namespace Ferry.VfioUser.Tests;

/// <summary>The tracker contract, for <see cref="IoTableTracker"/> where the first write to a page waits until it is marked.</summary>
public sealed class IoTableFaultsTrackerContractTests : DirtyTrackerContract
{
    protected override ITrackerFixture CreateFixture() => new TableDevice(IoTableMode.Faults);
}

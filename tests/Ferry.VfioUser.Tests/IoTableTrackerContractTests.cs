using Ferry.Testing.Tracking;
using Ferry.VfioUser.Tracking;

namespace Ferry.VfioUser.Tests;

/// <summary>The tracker contract, for <see cref="IoTableTracker"/> on the page table of the process that serves the device.</summary>
public sealed class IoTableTrackerContractTests : DirtyTrackerContract
{
    protected override ITrackerFixture CreateFixture() => new TableDevice();
}

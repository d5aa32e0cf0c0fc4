using Ferry.Testing.Tracking;

namespace Ferry.VfioUser.Tests;

/// <summary>The tracker contract, on the page table of the process that serves the device.</summary>
public sealed class IoTableTrackerContractTests : DirtyTrackerContract
{
    protected override ITrackerFixture CreateFixture() => new TableDevice();
}

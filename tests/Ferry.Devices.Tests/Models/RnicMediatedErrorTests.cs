namespace Ferry.Devices.Tests.Models;

/// <summary>An rnic that reaches memory by messages refuses what it refuses where memory is mapped.</summary>
public sealed class RnicMediatedErrorTests : RnicErrorTests
{
    protected override bool IsMediated => true;
}

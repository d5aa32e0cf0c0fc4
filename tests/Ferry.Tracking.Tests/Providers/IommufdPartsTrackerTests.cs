using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Tests.Providers;

/// <summary>The contract, where mappings begin and end at odd pages and are asked for in units of a known largest page.</summary>
public sealed class IommufdPartsTrackerTests : DirtyTrackerContract
{
    private static readonly IovaRange Range = new(new(64 << 20), 4 << 20);

    protected override ITrackerFixture CreateFixture()
    {
        var start = Range.Start.Value;
        var model = new HwptModel(new(new(start - (5 << 12)), 70 << 12), new(new(start + (65 << 12)), 1 << 12), new(new(start + (66 << 12)), 16 << 20));
        return new ModelFixture(model, new IommufdTracker(model, [new("nic")], new PageSize(64 << 10)), Range);
    }
}

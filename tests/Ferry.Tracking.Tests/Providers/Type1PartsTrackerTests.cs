using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Tests.Providers;

/// <summary>The contract, where mappings begin and end at odd pages, reach out of what is tracked, and what is tracked reaches out of them.</summary>
public sealed class Type1PartsTrackerTests : DirtyTrackerContract
{
    private static readonly IovaRange Range = new(new(64 << 20), 4 << 20);

    protected override ITrackerFixture CreateFixture()
    {
        var start = Range.Start.Value;
        var model = new Type1Model(
            new(new(start - (5 << 12)), 70 << 12),
            new(new(start + (65 << 12)), 1 << 12),
            new(new(start + (66 << 12)), 135 << 12),
            new(new(start + (201 << 12)), 2 << 20),
            new(new(start + (201 << 12) + (2 << 20)), 4 << 20));
        return new ModelFixture(model, new Type1Tracker(model, [new("nic")], PageSize.Size4K, 1 << 28, TrackingPrecision.Exact), Range);
    }
}

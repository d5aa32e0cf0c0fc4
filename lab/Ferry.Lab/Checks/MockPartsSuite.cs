using Ferry.Testing.Tracking;

namespace Ferry.Lab.Checks;

/// <summary>The same where mappings begin and end at odd pages, and reach out of what is tracked.</summary>
internal sealed class MockPartsSuite : DirtyTrackerContract
{
    private const ulong Start = 32 << 20;

    /// <inheritdoc/>
    protected override ITrackerFixture CreateFixture() => new MockTracker(
        new(new(Start - (5 << 12)), 70 << 12), new(new(Start + (65 << 12)), 1 << 12), new(new(Start + (66 << 12)), 8 << 20));
}

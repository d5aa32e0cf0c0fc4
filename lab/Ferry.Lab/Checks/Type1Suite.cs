using Ferry.Testing.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Checks;

/// <summary>The contract of trackers, for <c>type1</c> on the container of a device that writes memory by its driver's calls.</summary>
internal sealed class Type1Suite : DirtyTrackerContract
{
    /// <inheritdoc/>
    protected override ITrackerFixture CreateFixture() => new RnicTracker(
        rnic =>
        {
            LabContext.Require(Type1Tracker.TryCreate(rnic.Container, [new("rnic")], out var tracker, out var reason), reason ?? "");
            return tracker;
        },
        breakNextCall: null);
}

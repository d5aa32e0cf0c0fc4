using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Tests.Providers;

public sealed class AllTrackerTests : DirtyTrackerContract
{
    protected override ITrackerFixture CreateFixture() => new Fixture();

    private sealed class Fixture : ITrackerFixture
    {
        public IDirtyTracker Tracker { get; } = new AllTracker();

        public IovaRange Range { get; } = new(new(1 << 20), 256 << 12);

        public PageSize PageSize => PageSize.Size4K;

        public void Write(ulong page)
        {
        }

        public void Dispose() => Tracker.Dispose();
    }
}

using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking.Providers;
using Xunit;

namespace Ferry.Tracking.Tests.Providers;

public sealed class ProcessTrackerTests : DirtyTrackerContract
{
    protected override ITrackerFixture CreateFixture() => new Fixture();

    [Fact]
    public void A_page_never_touched_before_is_seen_at_its_first_write()
    {
        using var fixture = new Fixture();
        fixture.Tracker.Start([fixture.Range], fixture.PageSize);
        using var bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
        fixture.Tracker.Report(fixture.Range, bitmap);
        Assert.Equal(0UL, bitmap.Count());
        fixture.Write(200);
        fixture.Tracker.Report(fixture.Range, bitmap);
        Assert.Equal(1UL, bitmap.Count());
    }

    private sealed class Fixture : ITrackerFixture
    {
        private readonly GuestMemoryFile _file = GuestMemoryFile.Create([(new(0), 4 << 20)]);

        public Fixture()
        {
            var created = ProcessTracker.TryCreate(_file.Memory, out var tracker, out var reason);
            Assert.SkipUnless(created, reason ?? "");
            Tracker = tracker!;
        }

        public IDirtyTracker Tracker { get; }

        public IovaRange Range { get; } = new(new(0), 4 << 20);

        public PageSize PageSize => PageSize.Size4K;

        public void Write(ulong page) => _file.Memory.GetSpan(new(page << 12), 8)[5]++;

        public void Dispose()
        {
            Tracker.Dispose();
            _file.Dispose();
        }
    }
}

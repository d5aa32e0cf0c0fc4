using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking.Providers;
using Xunit;

namespace Ferry.Tracking.Tests.Providers;

public sealed class KvmRingTrackerTests : DirtyTrackerContract
{
    protected override ITrackerFixture CreateFixture() => new Fixture();

    [Fact]
    public void A_ring_that_fills_up_between_reports_loses_no_page()
    {
        using var fixture = new Fixture();
        fixture.Tracker.Start([fixture.Range], fixture.PageSize);
        using var bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
        for (ulong page = 0; page < 1024; page++)
        {
            fixture.Write(page);
        }

        Assert.True(fixture.FullExits > 0, "the ring never filled up");
        fixture.Tracker.Report(fixture.Range, bitmap);
        Assert.Equal(1024UL, bitmap.Count());
    }

    private sealed class Fixture : ITrackerFixture
    {
        // The kernel keeps some entries back, so that a ring is full before its last one.
        private readonly KvmWriter _writer = new(withRing: true, ringEntries: 1024);

        public Fixture()
        {
            var tracker = new KvmRingTracker(_writer.Vm, [_writer.Vcpu], [_writer.Slot]);
            Tracker = tracker;
            _writer.RingFull = () =>
            {
                FullExits++;
                tracker.Harvest();
            };
        }

        public int FullExits { get; private set; }

        public IDirtyTracker Tracker { get; }

        public IovaRange Range => _writer.Slot.Region.Range;

        public PageSize PageSize => PageSize.Size4K;

        public void Write(ulong page) => _writer.Write(page);

        public void Dispose()
        {
            Tracker.Dispose();
            _writer.Dispose();
        }
    }
}

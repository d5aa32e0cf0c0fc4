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

    /// <summary>Where the processor runs the guest itself, a page that was taken and not reset is written unseen.</summary>
    [Fact]
    public void A_reset_that_failed_is_made_up_for_by_the_next_report_and_before_it_drains()
    {
        using var fixture = new Fixture();
        fixture.Tracker.Start([fixture.Range], fixture.PageSize);
        using var bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
        fixture.Write(3);
        for (var round = 0; round < 2; round++)
        {
            fixture.Calls.FailNext();
            Assert.Throws<TrackerFailedException>(() => fixture.Tracker.Report(fixture.Range, bitmap));
            Assert.Equal(1, fixture.Calls.Count);
        }

        bitmap.Clear();
        fixture.Tracker.Report(fixture.Range, bitmap);
        Assert.Equal(2, fixture.Calls.Count);
        Assert.True(bitmap.IsSet(3));
        Assert.Equal(1UL, bitmap.Count());
        fixture.Tracker.Report(fixture.Range, bitmap);
        Assert.Equal(2, fixture.Calls.Count);
    }

    /// <summary>Since Linux 6.17 a signal ends a reset early, and pages that were taken may stay unprotected.</summary>
    [Fact]
    public void A_reset_that_was_cut_short_counts_every_page_once_and_then_goes_on_exactly()
    {
        using var fixture = new Fixture();
        fixture.Tracker.Start([fixture.Range], fixture.PageSize);
        using var bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
        fixture.Write(3);
        fixture.Calls.CutNextReset = true;
        fixture.Tracker.Report(fixture.Range, bitmap);
        Assert.Equal(fixture.Range.LengthBytes / 4096, bitmap.Count());
        bitmap.Clear();
        fixture.Write(3);
        fixture.Write(5);
        fixture.Tracker.Report(fixture.Range, bitmap);
        Assert.Equal(2UL, bitmap.Count());
        Assert.True(bitmap.IsSet(3) && bitmap.IsSet(5));
    }

    [Fact]
    public void A_machine_that_went_before_its_tracker_leaves_it_stoppable()
    {
        using var fixture = new Fixture();
        fixture.Tracker.Start([fixture.Range], fixture.PageSize);
        fixture.Write(3);
        fixture.DisposeVcpu();
        fixture.Tracker.Stop();
        Assert.False(fixture.Tracker.IsStarted);
    }

    private sealed class Fixture : ITrackerFixture
    {
        // The kernel keeps some entries back, so that a ring is full before its last one.
        private readonly KvmWriter _writer = new(withRing: true, ringEntries: 1024);

        public Fixture()
        {
            Calls = new FaultyKvmCalls(new KvmDirtyCalls(_writer.Vm));
            var tracker = new KvmRingTracker(Calls, [_writer.Vcpu], [_writer.Slot]);
            Tracker = tracker;
            _writer.RingFull = () =>
            {
                FullExits++;
                tracker.Harvest();
            };
        }

        public int FullExits { get; private set; }

        public FaultyKvmCalls Calls { get; }

        public IDirtyTracker Tracker { get; }

        public IovaRange Range => _writer.Slot.Region.Range;

        public PageSize PageSize => PageSize.Size4K;

        public void Write(ulong page) => _writer.Write(page);

        public bool FailNextCall() => Calls.FailNext();

        public void DisposeVcpu() => _writer.Vcpu.Dispose();

        public void Dispose()
        {
            Tracker.Dispose();
            _writer.Dispose();
        }
    }
}

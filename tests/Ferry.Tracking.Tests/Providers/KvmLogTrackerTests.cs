using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking.Providers;
using Xunit;

namespace Ferry.Tracking.Tests.Providers;

public sealed class KvmLogTrackerTests : DirtyTrackerContract
{
    protected override ITrackerFixture CreateFixture() => new Fixture();

    [Fact]
    public void Every_page_counts_as_reported_until_it_is_taken()
    {
        using var fixture = new Fixture();
        fixture.Tracker.Start([fixture.Range], fixture.PageSize);
        using var bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
        fixture.Tracker.Report(fixture.Range, bitmap);
        Assert.Equal(bitmap.PageCount, bitmap.Count());
        var log = (IDeferredClear)fixture.Tracker;
        log.Take(new(fixture.Range.Start, 64 << 12), bitmap);
        bitmap.Clear();
        fixture.Tracker.Report(fixture.Range, bitmap);
        Assert.Equal(bitmap.PageCount - 64, bitmap.Count());
    }

    [Fact]
    public void Taking_some_pages_leaves_the_others_reported()
    {
        using var fixture = new Fixture();
        fixture.Tracker.Start([fixture.Range], fixture.PageSize);
        using var bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
        bitmap.SetAll();
        ((ITrackerFixture)fixture).Take(bitmap);
        fixture.Write(10);
        fixture.Write(20);
        bitmap.Clear();
        bitmap.SetPages(10, 1);
        ((ITrackerFixture)fixture).Take(bitmap);
        bitmap.Clear();
        fixture.Tracker.Report(fixture.Range, bitmap);
        Assert.True(bitmap.IsSet(20));
        Assert.Equal(1UL, bitmap.Count());
    }

    [Fact]
    public void Pages_are_taken_one_by_one_at_odd_places_of_any_bitmap_and_no_neighbour_with_them()
    {
        using var fixture = new Fixture();
        fixture.Tracker.Start([fixture.Range], fixture.PageSize);
        var log = (IDeferredClear)fixture.Tracker;
        var start = fixture.Range.Start.Value;
        // One page, runs across words, and the end of the slot; each from a bitmap that begins at the first page taken.
        foreach (var (first, count) in (ReadOnlySpan<(ulong, ulong)>)[(1, 1), (63, 2), (100, 700), (1023, 1)])
        {
            var range = new IovaRange(new(start + (first << 12)), count << 12);
            using var pages = new DirtyBitmap(range, PageSize.Size4K);
            pages.SetAll();
            log.Take(range, pages);
        }

        using var bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
        fixture.Tracker.Report(fixture.Range, bitmap);
        Assert.Equal(1024UL - 1 - 2 - 700 - 1, bitmap.Count());
        foreach (var page in (ulong[])[0, 2, 62, 65, 99, 800, 1022])
        {
            Assert.True(bitmap.IsSet(page), $"page {page} was not taken and is forgotten");
        }

        using var coarse = new DirtyBitmap(fixture.Range, PageSize.Size2M);
        Assert.Throws<ArgumentException>(() => log.Take(fixture.Range, coarse));
    }

    [Fact]
    public void Whichever_call_fails_no_page_is_lost_and_nothing_stays_started()
    {
        var failures = 0;
        for (var failing = 1; ; failing++)
        {
            using var fixture = new Fixture();
            fixture.Calls.FailAt(failing);
            using var bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
            var failed = Live(fixture, bitmap);
            fixture.Tracker.Stop();
            Assert.False(fixture.Tracker.IsStarted);
            if (fixture.Calls.Count < failing)
            {
                break;
            }

            failures++;
            // One that fails when it stops is nobody's business.
            Assert.True(failed || fixture.Calls.Count == failing, $"call {failing} failed and nothing was said");
        }

        // Start, report, take, report, stop.
        Assert.Equal(5, failures);
    }

    /// <summary>Starts, reports, takes and reports once more, with one page written twice; that page must always be in the bitmap.</summary>
    private static bool Live(Fixture fixture, DirtyBitmap bitmap)
    {
        var failed = false;
        try
        {
            fixture.Tracker.Start([fixture.Range], fixture.PageSize);
        }
        catch (TrackerStartException)
        {
            Assert.False(fixture.Tracker.IsStarted);
            return true;
        }

        for (var round = 0; round < 2; round++)
        {
            fixture.Write(77);
            bitmap.Clear();
            var count = fixture.Calls.Count;
            try
            {
                fixture.Tracker.Report(fixture.Range, bitmap);
                Assert.Equal(count + 1, fixture.Calls.Count);
            }
            catch (TrackerFailedException)
            {
                failed = true;
                Assert.Equal(bitmap.PageCount, bitmap.Count());
            }

            Assert.True(bitmap.IsSet(77), "the written page is lost");
            if (round == 0)
            {
                try
                {
                    ((ITrackerFixture)fixture).Take(bitmap);
                }
                catch (TrackerFailedException)
                {
                    failed = true;
                }
            }
        }

        return failed;
    }

    private sealed class Fixture : ITrackerFixture
    {
        private readonly KvmWriter _writer = new(withRing: false);

        public Fixture()
        {
            Calls = new FaultyKvmCalls(new KvmDirtyCalls(_writer.Vm));
            Tracker = new KvmLogTracker(Calls, [_writer.Slot]);
        }

        public FaultyKvmCalls Calls { get; }

        public IDirtyTracker Tracker { get; }

        public IovaRange Range => _writer.Slot.Region.Range;

        public PageSize PageSize => PageSize.Size4K;

        public void Write(ulong page) => _writer.Write(page);

        public bool FailNextCall() => Calls.FailNext();

        public void Dispose()
        {
            Tracker.Dispose();
            _writer.Dispose();
        }
    }
}

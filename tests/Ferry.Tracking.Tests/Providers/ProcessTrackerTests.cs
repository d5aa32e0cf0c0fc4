using Ferry.Linux.Memory;
using Ferry.Linux.Userfault;
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

    [Fact]
    public void Whichever_call_fails_no_page_is_lost_and_nothing_stays_started()
    {
        // Two regions are started, three reports take one scan each, two regions are stopped.
        for (var failing = 1; failing <= 7; failing++)
        {
            using var fixture = new Fixture(twoRegions: true);
            using var bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
            fixture.Calls.FailAt(failing);
            if (failing <= 2)
            {
                Assert.Throws<TrackerStartException>(() => fixture.Tracker.Start([fixture.Range], fixture.PageSize));
                Assert.False(fixture.Tracker.IsStarted);
                Assert.Equal(0, fixture.Calls.Started);
                continue;
            }

            fixture.Tracker.Start([fixture.Range], fixture.PageSize);
            for (var call = 3; call <= 5; call++)
            {
                fixture.Write(77);
                bitmap.Clear();
                if (call == failing)
                {
                    Assert.Throws<TrackerFailedException>(() => fixture.Tracker.Report(fixture.Range, bitmap));
                    Assert.Equal(bitmap.PageCount, bitmap.Count());
                }
                else
                {
                    fixture.Tracker.Report(fixture.Range, bitmap);
                    Assert.Equal(1UL, bitmap.Count());
                }

                Assert.True(bitmap.IsSet(77), "the written page is lost");
            }

            fixture.Tracker.Stop();
            Assert.Equal(failing > 5 ? 1 : 0, fixture.Calls.Started);
        }
    }

    [Fact]
    public void More_runs_than_one_scan_can_tell_are_all_found()
    {
        using var fixture = new Fixture(pages: 8192);
        fixture.Tracker.Start([fixture.Range], fixture.PageSize);
        for (ulong page = 0; page < 8192; page += 2)
        {
            fixture.Write(page);
        }

        using var bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
        fixture.Tracker.Report(fixture.Range, bitmap);
        Assert.Equal(4096UL, bitmap.Count());
        Assert.True(bitmap.IsSet(8190) && !bitmap.IsSet(8191));
    }

    private sealed class Fixture : ITrackerFixture
    {
        private readonly GuestMemoryFile _file;

        public Fixture(ulong pages = 1024, bool twoRegions = false)
        {
            Range = new(new(0), pages << 12);
            (Gpa, ulong)[] regions = [(new(0), pages << 12), (new(GuestLayout.HoleEnd), 1 << 20)];
            _file = GuestMemoryFile.Create(twoRegions ? regions : regions[..1]);
            var opened = WriteTracking.TryOpen(out var tracking, out var reason);
            Assert.SkipUnless(opened, reason ?? "");
            Calls = new FaultyProcessCalls(new ProcessDirtyCalls(tracking!));
            Tracker = new ProcessTracker(Calls, _file.Memory);
        }

        public FaultyProcessCalls Calls { get; }

        public IDirtyTracker Tracker { get; }

        public IovaRange Range { get; }

        public PageSize PageSize => PageSize.Size4K;

        public void Write(ulong page) => _file.Memory.GetSpan(new(page << 12), 8)[5]++;

        public bool FailNextCall() => Calls.FailNext();

        public void Dispose()
        {
            Tracker.Dispose();
            _file.Dispose();
        }
    }
}

using Ferry.Memory;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Testing.Tracking;

/// <summary>What every dirty tracker owes its caller. Each tracker's test class derives from it and says how to write a page.</summary>
public abstract partial class DirtyTrackerContract
{
    /// <summary>Creates a stopped tracker over memory that its source can write.</summary>
    protected abstract ITrackerFixture CreateFixture();

    [Fact]
    public void Coverage_names_its_page_sizes_in_order()
    {
        using var fixture = CreateFixture();
        var sizes = fixture.Tracker.Coverage.PageSizes;
        Assert.NotEmpty(sizes);
        Assert.Equal(sizes.Order(), sizes);
        Assert.False(fixture.Tracker.IsStarted);
        Assert.NotEmpty(fixture.Tracker.Name);
    }

    [Fact]
    public void Written_pages_are_reported_and_then_forgotten()
    {
        using var fixture = StartClean(out var bitmap);
        using (bitmap)
        {
            ulong[] pages = [0, 1, 63, 64, 65, fixture.PageCount - 1];
            foreach (var page in pages)
            {
                fixture.Write(page);
            }

            fixture.Report(bitmap);
            AssertReported(fixture, bitmap, pages);
            fixture.Take(bitmap);
            bitmap.Clear();
            fixture.Report(bitmap);
            AssertReported(fixture, bitmap, []);
        }
    }

    [Fact]
    public void A_page_written_again_is_reported_again()
    {
        using var fixture = StartClean(out var bitmap);
        using (bitmap)
        {
            for (var round = 0; round < 3; round++)
            {
                fixture.Write(7);
                bitmap.Clear();
                fixture.Report(bitmap);
                AssertReported(fixture, bitmap, [7]);
                fixture.Take(bitmap);
            }
        }
    }

    [Fact]
    public void A_report_never_clears_what_others_found()
    {
        using var fixture = StartClean(out var bitmap);
        using (bitmap)
        {
            bitmap.SetPages(11, 2);
            fixture.Write(3);
            fixture.Report(bitmap);
            Assert.True(bitmap.IsSet(11) && bitmap.IsSet(12) && bitmap.IsSet(3));
        }
    }

    [Fact]
    public void A_report_of_a_part_leaves_the_rest_pending()
    {
        using var fixture = StartClean(out var bitmap);
        using (bitmap)
        {
            fixture.Write(2);
            fixture.Write(70);
            var half = new IovaRange(fixture.Range.Start, 64 * fixture.PageSize.Bytes);
            fixture.Tracker.Report(half, bitmap);
            Assert.True(bitmap.IsSet(2));
            if (fixture.Tracker.Coverage.Precision == TrackingPrecision.Exact)
            {
                Assert.False(bitmap.IsSet(70));
            }

            fixture.Report(bitmap);
            Assert.True(bitmap.IsSet(70));
        }
    }

    [Fact]
    public void A_bitmap_of_larger_pages_gets_the_page_that_a_write_lies_in()
    {
        using var fixture = StartClean(out var bitmap);
        using (bitmap)
        using (var coarse = new DirtyBitmap(fixture.Range, new PageSize(fixture.PageSize.Bytes * 4)))
        {
            fixture.Write(9);
            fixture.Report(coarse);
            Assert.True(coarse.IsSet(2));
            if (fixture.Tracker.Coverage.Precision == TrackingPrecision.Exact)
            {
                Assert.Equal(1UL, coarse.Count());
            }
        }
    }

    [Fact]
    public void A_report_that_fails_sets_everything_and_the_next_one_misses_nothing()
    {
        using var fixture = StartClean(out var bitmap);
        using (bitmap)
        {
            fixture.Write(3);
            if (!fixture.FailNextCall())
            {
                return;
            }

            var failure = Assert.Throws<TrackerFailedException>(() => fixture.Report(bitmap));
            Assert.Equal(fixture.Tracker.Name, failure.Tracker);
            Assert.NotEmpty(failure.Reason);
            Assert.Equal(fixture.PageCount, bitmap.Count());
            Assert.True(fixture.Tracker.IsStarted);

            // All of it is copied now; then the same page is written again and again, and no other that could bring it along.
            for (var round = 0; round < 3; round++)
            {
                fixture.Take(bitmap);
                bitmap.Clear();
                fixture.Write(3);
                fixture.Report(bitmap);
                AssertReported(fixture, bitmap, [3]);
            }
        }
    }

    [Fact]
    public void Writes_beside_the_reports_are_in_this_report_or_a_later_one()
    {
        using var fixture = StartClean(out var bitmap);
        using (bitmap)
        using (var found = new DirtyBitmap(fixture.Range, fixture.PageSize))
        {
            using var done = new ManualResetEventSlim();
            var writer = new Thread(() =>
            {
                for (ulong page = 0; page < fixture.PageCount; page++)
                {
                    fixture.Write(page);
                }

                done.Set();
            });
            writer.Start();
            bool last;
            do
            {
                last = done.IsSet;
                bitmap.Clear();
                fixture.Report(bitmap);
                fixture.Take(bitmap);
                found.Or(bitmap);
            }
            while (!last);
            writer.Join();
            Assert.Equal(fixture.PageCount, found.Count());
        }
    }

    [Fact]
    public void A_tracker_can_be_stopped_and_started_again()
    {
        using var fixture = StartClean(out var bitmap);
        using (bitmap)
        {
            fixture.Tracker.Stop();
            fixture.Tracker.Stop();
            Assert.False(fixture.Tracker.IsStarted);
            Assert.Throws<InvalidOperationException>(() => fixture.Report(bitmap));
            fixture.Tracker.Start([fixture.Range], fixture.PageSize);
            bitmap.SetAll();
            fixture.Take(bitmap);
            bitmap.Clear();
            fixture.Write(5);
            fixture.Report(bitmap);
            Assert.True(bitmap.IsSet(5));
        }
    }

    [Fact]
    public void What_can_not_be_kept_is_refused_at_the_start()
    {
        using var fixture = CreateFixture();
        var tracker = fixture.Tracker;
        Assert.Throws<TrackerStartException>(() => tracker.Start([], fixture.PageSize));
        Assert.Throws<TrackerStartException>(() => tracker.Start([default], fixture.PageSize));
        Assert.Throws<TrackerStartException>(() => tracker.Start([fixture.Range, fixture.Range], fixture.PageSize));
        Assert.Throws<TrackerStartException>(() => tracker.Start([fixture.Range], new PageSize(1UL << 40)));
        Assert.Throws<TrackerStartException>(() => tracker.Start([new(new(fixture.Range.Start.Value + 1), 4096)], fixture.PageSize));
        Assert.False(tracker.IsStarted);
        tracker.Start([fixture.Range], fixture.PageSize);
        Assert.Throws<InvalidOperationException>(() => tracker.Start([fixture.Range], fixture.PageSize));
        Assert.True(tracker.IsStarted);
    }

    [Fact]
    public void A_report_out_of_range_or_unaligned_is_an_error_and_sets_nothing()
    {
        using var fixture = StartClean(out var bitmap);
        using (bitmap)
        {
            var beyond = new IovaRange(new(fixture.Range.Last.Value + 1), fixture.PageSize.Bytes);
            var odd = new IovaRange(new(fixture.Range.Start.Value + 512), fixture.PageSize.Bytes);
            Assert.Throws<ArgumentOutOfRangeException>(() => fixture.Tracker.Report(beyond, bitmap));
            Assert.Throws<ArgumentOutOfRangeException>(() => fixture.Tracker.Report(odd, bitmap));
            using var elsewhere = new DirtyBitmap(beyond, fixture.PageSize);
            Assert.Throws<ArgumentOutOfRangeException>(() => fixture.Tracker.Report(fixture.Range, elsewhere));
            Assert.Equal(0UL, bitmap.Count());
        }
    }

    [Fact]
    public void A_report_allocates_nothing()
    {
        using var fixture = StartClean(out var bitmap);
        using (bitmap)
        {
            fixture.Report(bitmap);
            fixture.Write(1);
            fixture.Write(100);
            var before = GC.GetAllocatedBytesForCurrentThread();
            fixture.Tracker.Report(fixture.Range, bitmap);
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }
    }

    /// <summary>A started tracker that has nothing to report, where it can have that, and an empty bitmap of its pages.</summary>
    private ITrackerFixture StartClean(out DirtyBitmap bitmap)
    {
        var fixture = CreateFixture();
        bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
        fixture.Tracker.Start([fixture.Range], fixture.PageSize);
        Forget(fixture, bitmap, [fixture.Range]);
        return fixture;
    }

    private static void AssertReported(ITrackerFixture fixture, DirtyBitmap bitmap, IReadOnlyCollection<ulong> pages)
    {
        foreach (var page in pages)
        {
            Assert.True(bitmap.IsSet(page), $"page {page} was written and not reported");
        }

        if (fixture.Tracker.Coverage.Precision == TrackingPrecision.Exact)
        {
            Assert.Equal((ulong)pages.Count, bitmap.Count());
        }
    }
}

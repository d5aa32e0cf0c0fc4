using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking.Providers;
using Xunit;

namespace Ferry.Tracking.Tests.Providers;

public sealed class Type1TrackerTests : DirtyTrackerContract
{
    private static readonly IovaRange Range = new(new(64 << 20), 4 << 20);

    protected override ITrackerFixture CreateFixture() => Create(new Type1Model(Range));

    [Fact]
    public void Whichever_call_fails_no_page_is_lost_and_nothing_stays_started()
    {
        // Start, three reports, stop.
        for (var failing = 1; failing <= 5; failing++)
        {
            var model = new Type1Model(Range);
            using var fixture = Create(model);
            using var bitmap = new DirtyBitmap(Range, PageSize.Size4K);
            model.FailAt(failing);
            if (failing == 1)
            {
                Assert.Throws<TrackerStartException>(() => fixture.Tracker.Start([Range], PageSize.Size4K));
                Assert.False(fixture.Tracker.IsStarted || model.IsTracking);
                continue;
            }

            fixture.Tracker.Start([Range], PageSize.Size4K);
            for (var call = 2; call <= 4; call++)
            {
                fixture.Write(77);
                bitmap.Clear();
                var failure = Record.Exception(() => fixture.Tracker.Report(Range, bitmap));
                Assert.Equal(call == failing, failure is TrackerFailedException);
                Assert.Equal(call == failing ? bitmap.PageCount : 1, bitmap.Count());
                Assert.True(bitmap.IsSet(77));
            }

            fixture.Tracker.Stop();
            Assert.Equal(5, model.Count);
        }
    }

    [Fact]
    public void A_failed_report_of_a_part_leaves_all_the_rest_of_its_mapping_dirty()
    {
        var model = new Type1Model(Range);
        using var fixture = Create(model);
        using var bitmap = new DirtyBitmap(Range, PageSize.Size4K);
        fixture.Tracker.Start([Range], PageSize.Size4K);
        model.FailAt(1);
        Assert.Throws<TrackerFailedException>(() => fixture.Tracker.Report(new(Range.Start, 64 << 12), bitmap));
        Assert.Equal(64UL, bitmap.Count());
        bitmap.Clear();
        fixture.Tracker.Report(Range, bitmap);
        Assert.Equal(bitmap.PageCount - 64, bitmap.Count());
        Assert.False(bitmap.IsSet(63));
    }

    [Fact]
    public void A_container_with_a_device_that_does_not_pin_says_all_mapped()
    {
        Assert.Equal(TrackingPrecision.AllMapped, Type1Tracker.FindPrecision(new Type1Model(Range) { AllMapped = true }, PageSize.Size4K));
        Assert.Equal(TrackingPrecision.PinnedForWrite, Type1Tracker.FindPrecision(new Type1Model(Range), PageSize.Size4K));
        Assert.Equal(TrackingPrecision.AllMapped, Type1Tracker.FindPrecision(new Type1Model(), PageSize.Size4K));
        var model = new Type1Model(Range);
        Type1Tracker.FindPrecision(model, PageSize.Size4K);
        Assert.False(model.IsTracking);
    }

    [Fact]
    public void What_is_unmapped_is_reported_with_it_and_the_rest_is_asked_for_later()
    {
        var (first, second) = (new IovaRange(Range.Start, 1 << 20), new IovaRange(new(Range.Start.Value + (1 << 20)), 3 << 20));
        var model = new Type1Model(first, second);
        using var fixture = Create(model);
        var tracker = (Type1Tracker)fixture.Tracker;
        using var bitmap = new DirtyBitmap(Range, PageSize.Size4K);
        tracker.Start([Range], PageSize.Size4K);
        fixture.Write(5);
        fixture.Write(6);
        fixture.Write(300);
        tracker.Report(new(Range.Start, 6 << 12), bitmap);
        Assert.True(bitmap.IsSet(5) && bitmap.Count() == 1);
        tracker.Unmap(first, bitmap);
        Assert.True(bitmap.IsSet(6) && bitmap.Count() == 2);
        Assert.Equal([second], model.Mappings);
        tracker.Report(Range, bitmap);
        Assert.True(bitmap.IsSet(300) && bitmap.Count() == 3);

        // What is mapped in its place is tracked as well.
        model.Mappings = [new(Range.Start, 1 << 19), second];
        fixture.Write(7);
        fixture.Write(200);
        tracker.Report(Range, bitmap);
        Assert.True(bitmap.IsSet(7) && bitmap.Count() == 4);
        Assert.ThrowsAny<IOException>(() => tracker.Unmap(new(Range.Start, 2 << 20), bitmap));
    }

    [Fact]
    public void A_mapping_too_large_for_the_kernels_bitmap_is_refused_at_the_start()
    {
        var model = new Type1Model(Range);
        using var tracker = new Type1Tracker(model, [new("nic")], PageSize.Size4K, 127, TrackingPrecision.PinnedForWrite);
        var failure = Assert.Throws<TrackerStartException>(() => tracker.Start([Range], PageSize.Size4K));
        Assert.Contains("needs a bitmap of 128 bytes, and the kernel fills at most 127", failure.Reason, StringComparison.Ordinal);
        Assert.False(model.IsTracking);
    }

    private static ModelFixture Create(Type1Model model) =>
        new(model, new Type1Tracker(model, [new("nic")], PageSize.Size4K, 1 << 28, TrackingPrecision.Exact), Range);
}

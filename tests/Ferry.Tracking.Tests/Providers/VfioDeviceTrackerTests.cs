using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking.Providers;
using Xunit;

namespace Ferry.Tracking.Tests.Providers;

public sealed class VfioDeviceTrackerTests : DirtyTrackerContract
{
    private static readonly IovaRange Range = new(new(64 << 20), 4 << 20);
    private static readonly IReadOnlyList<PageSize> Sizes = [PageSize.Size4K, new(8192), PageSize.Size2M];

    protected override ITrackerFixture CreateFixture() => Create(new DeviceLogModel(Range) { DeviceSizes = Sizes });

    [Fact]
    public void Whichever_call_fails_no_page_is_lost()
    {
        // Start, report, and where that fails stop and start, report; stop.
        for (var failing = 1; failing <= 4; failing++)
        {
            var model = new DeviceLogModel(Range);
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
            for (var call = 2; call <= 3; call++)
            {
                fixture.Write(77);
                bitmap.Clear();
                var failure = Record.Exception(() => fixture.Tracker.Report(Range, bitmap));
                Assert.Equal(call == failing, failure is TrackerFailedException);
                Assert.True(bitmap.IsSet(77), "the written page is lost");
                Assert.Equal(call == failing ? bitmap.PageCount : 1, bitmap.Count());
                Assert.True(model.IsTracking);
            }

            fixture.Tracker.Stop();
            Assert.False(fixture.Tracker.IsStarted);
        }
    }

    [Fact]
    public void After_an_error_all_that_was_not_asked_for_is_dirty_once()
    {
        var other = new IovaRange(new(Range.Last.Value + 1), 1 << 20);
        var model = new DeviceLogModel(Range, other);
        using var fixture = Create(model);
        fixture.Tracker.Start([Range, other], PageSize.Size4K);
        using var bitmap = new DirtyBitmap(new(Range.Start, Range.LengthBytes + other.LengthBytes), PageSize.Size4K);
        model.FailAt(1);
        Assert.Throws<TrackerFailedException>(() => fixture.Tracker.Report(new(Range.Start, 65 << 12), bitmap));
        Assert.Equal(65UL, bitmap.Count());
        fixture.Tracker.Report(Range, bitmap);
        fixture.Tracker.Report(other, bitmap);
        Assert.Equal(bitmap.PageCount, bitmap.Count());
        bitmap.Clear();
        fixture.Write(1000);
        fixture.Tracker.Report(Range, bitmap);
        fixture.Tracker.Report(other, bitmap);
        Assert.True(bitmap.IsSet(1000) && bitmap.Count() == 1);
    }

    [Fact]
    public void A_device_that_can_not_be_started_again_goes_on_failing_and_loses_nothing()
    {
        var model = new DeviceLogModel(Range);
        using var fixture = Create(model);
        fixture.Tracker.Start([Range], PageSize.Size4K);
        using var bitmap = new DirtyBitmap(Range, PageSize.Size4K);
        model.Stop();
        model.Mappings = [];
        Assert.Throws<TrackerFailedException>(() => fixture.Tracker.Report(Range, bitmap));
        Assert.Equal(bitmap.PageCount, bitmap.Count());
        model.Stop();
        bitmap.Clear();
        Assert.Throws<TrackerFailedException>(() => fixture.Tracker.Report(Range, bitmap));
        Assert.Equal(bitmap.PageCount, bitmap.Count());
    }

    [Fact]
    public void A_device_that_logs_at_a_larger_page_size_is_refused_and_one_that_logs_smaller_is_not()
    {
        var coarse = new DeviceLogModel(Range) { DeviceSizes = [new(64 << 10)] };
        using var tracker = new VfioDeviceTracker(coarse, new("nic"), Sizes);
        var failure = Assert.Throws<TrackerStartException>(() => tracker.Start([Range], PageSize.Size4K));
        Assert.Contains("model logs at 64K where 4K was asked for", failure.Reason, StringComparison.Ordinal);
        Assert.False(coarse.IsTracking);
        Assert.Equal([new PageSize(64 << 10), new(128 << 10), new(256 << 10), new(512 << 10), new(1 << 20), PageSize.Size2M], VfioDeviceTracker.FindPageSizes(coarse, out _));
        Assert.False(coarse.IsTracking);
    }

    private static ModelFixture Create(DeviceLogModel model) => new(model, new VfioDeviceTracker(model, new("nic"), Sizes), Range);
}

using CsCheck;
using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking.Providers;
using Xunit;

namespace Ferry.Tracking.Tests.Providers;

public sealed class IommufdTrackerTests : DirtyTrackerContract
{
    private static readonly IovaRange Range = new(new(64 << 20), 4 << 20);

    protected override ITrackerFixture CreateFixture() => Create(new HwptModel(Range));

    [Fact]
    public void Whichever_call_fails_no_page_is_lost_and_nothing_stays_started()
    {
        // Start, three reports, stop.
        for (var failing = 1; failing <= 5; failing++)
        {
            var model = new HwptModel(Range);
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

    [Theory]
    [InlineData(2UL << 20, null)]
    [InlineData(2UL << 20, 2UL << 20)]
    [InlineData(64UL << 10, 1UL << 20)]
    [InlineData(1UL << 20, null)]
    public void Larger_pages_of_the_iommu_lose_nothing_whatever_parts_are_asked_for(ulong iommuPageBytes, ulong? largestKnown) =>
        Gen.Select(Gen.ULong[0, 1023], Gen.ULong[0, 1023], Gen.ULong[1, 1024], Gen.Int[0, 70]).Array[1, 30].Sample(steps =>
        {
            // Mappings that begin where no large page does, and hold large pages nevertheless.
            var start = Range.Start.Value;
            var model = new HwptModel(new(new(start - (3 << 12)), 303 << 12), new(new(start + (300 << 12)), 8 << 20)) { IommuPageBytes = iommuPageBytes };
            using var tracker = new IommufdTracker(model, [new("nic")], largestKnown is { } bytes ? new PageSize(bytes) : null);
            tracker.Start([Range], PageSize.Size4K);
            using var all = new DirtyBitmap(Range, PageSize.Size4K);
            var written = new HashSet<ulong>();
            foreach (var (page, first, length, shift) in steps)
            {
                model.Write(start + (page << 12));
                written.Add(page);
                var part = new IovaRange(new(start + (first << 12)), Math.Min(length, 1024 - first) << 12);
                using var bitmap = new DirtyBitmap(new(new(start - ((ulong)shift << 12)), (1024 + (ulong)shift) << 12), PageSize.Size4K);
                tracker.Report(part, bitmap);
                Assert.Equal(bitmap.Count(), bitmap.Count(bitmap.PageOf(part.Start), part.LengthBytes >> 12));
                bitmap.Drain(all, (ulong)shift, 1024);
                Assert.All(written.Where(page => page >= first && page < first + (part.LengthBytes >> 12)), page => Assert.True(all.IsSet(page), $"page {page} is lost"));
            }

            tracker.Report(Range, all);
            Assert.All(written, page => Assert.True(all.IsSet(page), $"page {page} is lost"));
            Assert.False(model.WasMisused, "the kernel was asked for a part of a page of the IOMMU");
        }, iter: 60);

    [Fact]
    public void What_is_unmapped_is_reported_before_it()
    {
        var (first, second) = (new IovaRange(Range.Start, 1 << 20), new IovaRange(new(Range.Start.Value + (1 << 20)), 3 << 20));
        var model = new HwptModel(first, second);
        using var fixture = Create(model);
        var tracker = (IommufdTracker)fixture.Tracker;
        using var bitmap = new DirtyBitmap(Range, PageSize.Size4K);
        tracker.Start([Range], PageSize.Size4K);
        fixture.Write(5);
        fixture.Write(300);
        tracker.Unmap(first, bitmap);
        Assert.True(bitmap.IsSet(5) && bitmap.Count() == 1);
        Assert.Equal([second], model.Mappings);
        tracker.Report(Range, bitmap);
        Assert.True(bitmap.IsSet(300) && bitmap.Count() == 2);

        // Where it can't be read, all of it is dirty, and it is unmapped all the same.
        model.FailAt(1);
        Assert.Throws<TrackerFailedException>(() => tracker.Unmap(second, bitmap));
        Assert.Equal(768UL, bitmap.Count(256, 768));
        Assert.Empty(model.Mappings);
        tracker.Stop();
        model.Mappings = [first];
        tracker.Unmap(first, bitmap);
        Assert.Empty(model.Mappings);
    }

    [Fact]
    public void A_mapping_that_is_no_multiple_of_the_page_size_is_refused()
    {
        var model = new HwptModel(new IovaRange(Range.Start, 1 << 20), new IovaRange(new(Range.Start.Value + (1 << 20)), 3 << 20));
        using var fixture = Create(model);
        Assert.Equal(new PageSize(1 << 20), fixture.Tracker.Coverage.PageSizes[^1]);
        Assert.Throws<TrackerStartException>(() => fixture.Tracker.Start([Range], PageSize.Size2M));
        Assert.False(model.IsTracking || fixture.Tracker.IsStarted);

        // One that comes before the start is refused, one that comes later fails the report, which sets everything.
        model.Mappings = [Range];
        using var tracker = new IommufdTracker(model, [new("nic")], null);
        model.Mappings = [new IovaRange(Range.Start, 1 << 20)];
        var failure = Assert.Throws<TrackerStartException>(() => tracker.Start([Range], PageSize.Size2M));
        Assert.Contains("not made of whole pages of 2M", failure.Reason, StringComparison.Ordinal);
        model.Mappings = [Range];
        tracker.Start([Range], PageSize.Size2M);
        model.Mappings = [new IovaRange(Range.Start, 1 << 20)];
        using var bitmap = new DirtyBitmap(Range, PageSize.Size4K);
        Assert.Throws<TrackerFailedException>(() => tracker.Report(Range, bitmap));
        Assert.Equal(bitmap.PageCount, bitmap.Count());
    }

    private static ModelFixture Create(HwptModel model) => new(model, new IommufdTracker(model, [new("nic")], null), Range);
}

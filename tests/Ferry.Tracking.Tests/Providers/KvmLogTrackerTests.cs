using Ferry.Linux;
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

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Whichever_call_fails_no_page_is_lost(int failing)
    {
        var region = new GuestRegion(new(0), 1 << 20, default, 0);
        var high = new GuestRegion(new(1UL << 32), 1 << 20, default, 1 << 20);
        var calls = new FailingCalls(failing);
        using var tracker = new KvmLogTracker(calls, [new(0, region), new(1, high)]);
        using var bitmap = new DirtyBitmap(region.Range, PageSize.Size4K);
        try
        {
            tracker.Start([region.Range, high.Range], PageSize.Size4K);
        }
        catch (TrackerStartException)
        {
            Assert.False(tracker.IsStarted);
            Assert.Equal(0, calls.Logging);
            return;
        }

        try
        {
            tracker.Report(region.Range, bitmap);
            tracker.Take(region.Range, bitmap);
            tracker.Report(region.Range, bitmap);
        }
        catch (TrackerFailedException e)
        {
            Assert.Contains("kvm-log", e.Message);
            // A failed report sets all; a failed take leaves its pages reported.
            Assert.Equal(calls.FailedReport ? bitmap.PageCount : 1, bitmap.Count());
            return;
        }

        Assert.Fail($"call {failing} was never made");
    }

    private sealed class Fixture : ITrackerFixture
    {
        private readonly KvmWriter _writer = new(withRing: false);

        public Fixture() => Tracker = new KvmLogTracker(_writer.Vm, [_writer.Slot]);

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

    /// <summary>Fails the n-th call; reads a log in which page 0 is dirty.</summary>
    private sealed class FailingCalls(int failing) : IKvmDirtyCalls
    {
        private int _calls;

        public int Logging { get; private set; }

        public bool FailedReport { get; private set; }

        public void SetLogging(KvmSlot slot, bool on)
        {
            if (on)
            {
                Count();
            }

            Logging += on ? 1 : -1;
        }

        public void GetDirtyLog(uint slot, Span<ulong> words)
        {
            FailedReport = true;
            Count();
            FailedReport = false;
            words[0] = 1;
        }

        public void ClearDirtyLog(uint slot, ulong firstPage, uint pageCount, ReadOnlySpan<ulong> words) => Count();

        public void ResetDirtyRings() => Count();

        private void Count()
        {
            if (++_calls == failing)
            {
                throw new KernelCallException("ioctl(test)", 5, $"call {failing}");
            }
        }
    }
}

using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Server;
using Ferry.VfioUser.Tracking;
using Xunit;

namespace Ferry.VfioUser.Tests;

public sealed class DeviceTrackerTests : IDisposable
{
    private static readonly DmaSource Nic = new("nic0");
    private readonly ServedDevice _served = new();
    private readonly VfioUserClient _client;
    private readonly MemoryFile _memory = MemoryFile.Create("test-guest", 16 << 20);

    public DeviceTrackerTests()
    {
        _client = _served.Connect();
        _client.MapDma(DmaTests.Pages(0, 4096), 0, true, true, _memory.Handle);
    }

    public void Dispose()
    {
        _client.Dispose();
        _served.Dispose();
        _memory.Dispose();
    }

    [Fact]
    public void What_the_device_can_log_is_found_out()
    {
        using var tracker = Create();
        Assert.Equal("device", tracker.Name);
        Assert.Equal([Nic], tracker.Coverage.Sources);
        Assert.Equal([PageSize.Size4K, new PageSize(65536), PageSize.Size2M], tracker.Coverage.PageSizes);
        Assert.Equal(8, tracker.Coverage.MaxRanges);
        Assert.Equal(TrackingPrecision.Exact, tracker.Coverage.Precision);
        Assert.False(_served.Device.IsLogging);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(1000)]
    [InlineData(5000)]
    public void The_number_of_ranges_is_found_out_exactly(int ranges)
    {
        using var served = new ServedDevice(new TestDevice { DmaLogMaxRanges = ranges });
        using var client = served.Connect();
        Assert.True(DeviceTracker.TryCreate(client, Nic, null, out var tracker));
        Assert.Equal(Math.Min(ranges, 1024), tracker.Coverage.MaxRanges);
    }

    [Fact]
    public void What_is_stated_is_not_probed()
    {
        var options = new DeviceTrackerOptions { PageSizes = [PageSize.Size2M, PageSize.Size4K], MaxRanges = 3 };
        Assert.True(DeviceTracker.TryCreate(_client, Nic, options, out var tracker));
        Assert.Equal([PageSize.Size4K, PageSize.Size2M], tracker.Coverage.PageSizes);
        Assert.Equal(3, tracker.Coverage.MaxRanges);
    }

    [Fact]
    public void A_device_that_does_not_log_gives_no_tracker()
    {
        using var served = new ServedDevice(new TestDevice { DmaLogPageSizes = [] });
        using var client = served.Connect();
        Assert.False(DeviceTracker.TryCreate(client, Nic, null, out _));
    }

    [Fact]
    public void Every_write_after_the_start_is_reported_once()
    {
        using var tracker = Create();
        using var bitmap = new DirtyBitmap(DmaTests.Pages(0, 4096), PageSize.Size4K);
        _served.Device.Write(new Iova(4096), new byte[10]);
        tracker.Start([DmaTests.Pages(0, 100), DmaTests.Pages(200, 100)], PageSize.Size4K);
        _served.Device.Write(new Iova((7 * 4096) - 1), new byte[2]);
        _served.Device.Write(new Iova(250 * 4096), new byte[1]);
        _served.Device.Write(new Iova(150 * 4096), new byte[1]);
        tracker.Report(DmaTests.Pages(0, 100), bitmap);
        Assert.Equal([6UL, 7], DmaTests.SetPages(bitmap));
        tracker.Report(DmaTests.Pages(200, 100), bitmap);
        Assert.Equal([6UL, 7, 250], DmaTests.SetPages(bitmap));
        bitmap.Clear();
        tracker.Report(DmaTests.Pages(0, 100), bitmap);
        tracker.Report(DmaTests.Pages(200, 100), bitmap);
        Assert.Equal(0UL, bitmap.Count());
    }

    [Fact]
    public void A_page_size_that_the_device_does_not_keep_to_is_refused_and_nothing_stays_started()
    {
        var options = new DeviceTrackerOptions { PageSizes = [new PageSize(8192)], MaxRanges = 1 };
        Assert.True(DeviceTracker.TryCreate(_client, Nic, options, out var tracker));
        var refused = Assert.Throws<TrackerStartException>(() => tracker.Start([DmaTests.Pages(0, 100)], new PageSize(8192)));
        Assert.Contains("4K", refused.Reason, StringComparison.Ordinal);
        Assert.False(tracker.IsStarted);
        Assert.False(_served.Device.IsLogging);
    }

    [Fact]
    public void A_start_that_the_device_refuses_leaves_it_stopped()
    {
        using var tracker = Create();
        _served.Device.Fault = new VfioUserException(12, "no memory");
        Assert.Throws<TrackerStartException>(() => tracker.Start([DmaTests.Pages(0, 100)], PageSize.Size4K));
        Assert.False(tracker.IsStarted);
        tracker.Start([DmaTests.Pages(0, 100)], PageSize.Size4K);
    }

    [Fact]
    public void A_report_that_fails_takes_every_page_of_its_range_as_dirty()
    {
        using var tracker = Create();
        tracker.Start([DmaTests.Pages(0, 100)], PageSize.Size4K);
        _served.Device.Fault = new InvalidOperationException("a bug");
        using var bitmap = new DirtyBitmap(DmaTests.Pages(0, 4096), PageSize.Size4K);
        Assert.Throws<TrackerFailedException>(() => tracker.Report(DmaTests.Pages(10, 20), bitmap));
        Assert.Equal(Enumerable.Range(10, 20).Select(i => (ulong)i), DmaTests.SetPages(bitmap));
    }

    [Fact]
    public void A_report_that_fails_in_its_second_part_takes_the_whole_range_as_dirty()
    {
        using var served = new ServedDevice(null, new VfioUserServerOptions { Capabilities = VfioUserCapabilities.Own with { MaxBitmapBytes = 8 } });
        using var client = served.Connect();
        Assert.True(DeviceTracker.TryCreate(client, Nic, null, out var tracker));
        tracker.Start([DmaTests.Pages(0, 200)], PageSize.Size4K);
        var reports = 0;
        served.Device.OnReport = () => served.Device.Fault = ++reports == 2 ? new InvalidOperationException("a bug") : null;
        using var bitmap = new DirtyBitmap(DmaTests.Pages(0, 200), PageSize.Size4K);
        Assert.Throws<TrackerFailedException>(() => tracker.Report(DmaTests.Pages(0, 200), bitmap));
        Assert.Equal(200UL, bitmap.Count());
    }

    [Fact]
    public void What_a_late_answer_held_is_taken_as_dirty_once_the_device_answers_again()
    {
        using var client = _served.ConnectNext(_client, new VfioUserClientOptions { RequestTimeout = TimeSpan.FromMilliseconds(300) });
        client.MapDma(DmaTests.Pages(0, 4096), 0, true, true, _memory.Handle);
        Assert.True(DeviceTracker.TryCreate(client, Nic, null, out var tracker));
        IovaRange[] ranges = [DmaTests.Pages(0, 100), DmaTests.Pages(200, 100)];
        tracker.Start(ranges, PageSize.Size4K);
        using var answered = new ManualResetEventSlim();
        _served.Device.OnReport = () =>
        {
            // It is written, logged and drained behind the back of a client that waits no more.
            Assert.True(answered.Wait(ServedDevice.Soon));
            _served.Device.OnReport = null;
            _served.Device.Write(new Iova(7 * 4096), new byte[1]);
        };
        using var bitmap = new DirtyBitmap(DmaTests.Pages(0, 4096), PageSize.Size4K);
        Assert.Throws<TrackerFailedException>(() => tracker.Report(ranges[0], bitmap));
        bitmap.Clear();
        answered.Set();
        tracker.Report(ranges[1], bitmap);
        Assert.Equal(0UL, bitmap.Count());
        tracker.Report(ranges[0], bitmap);
        Assert.Equal(100UL, bitmap.Count());
        bitmap.Clear();
        tracker.Report(ranges[0], bitmap);
        Assert.Equal(0UL, bitmap.Count());
    }

    [Fact]
    public void A_device_that_dies_loses_no_page_and_can_be_stopped()
    {
        using var tracker = Create();
        tracker.Start([DmaTests.Pages(0, 100)], PageSize.Size4K);
        _served.Server.Stop();
        using var bitmap = new DirtyBitmap(DmaTests.Pages(0, 100), PageSize.Size4K);
        var failed = Assert.Throws<TrackerFailedException>(() => tracker.Report(DmaTests.Pages(0, 100), bitmap));
        Assert.IsType<VfioUserPeerException>(failed.InnerException);
        Assert.Equal(100UL, bitmap.Count());
        tracker.Stop();
        Assert.False(tracker.IsStarted);
        Assert.Throws<TrackerStartException>(() => tracker.Start([DmaTests.Pages(0, 100)], PageSize.Size4K));
    }

    private DeviceTracker Create()
    {
        Assert.True(DeviceTracker.TryCreate(_client, Nic, null, out var tracker));
        return tracker;
    }
}

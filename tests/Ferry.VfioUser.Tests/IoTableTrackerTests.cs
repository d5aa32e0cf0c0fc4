using Ferry.Linux;
using Ferry.Linux.Userfault;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.VfioUser.Tracking;
using Xunit;

namespace Ferry.VfioUser.Tests;

public sealed class IoTableTrackerTests
{
    [Fact]
    public void Writes_by_system_calls_are_seen()
    {
        using var device = Started(out var bitmap);
        using (bitmap)
        {
            device.Served.Device.WriteBySystemCall(new(device.At(40).Value + 100), 8192);
            device.Tracker.Report(device.Range, bitmap);
            Assert.Equal([40, 41, 42], Pages(bitmap));
        }
    }

    [Fact]
    public void A_write_of_another_process_or_mapping_is_none_of_its()
    {
        using var device = new TableDevice();
        device.MapMore();
        device.Tracker.Start([device.Range], PageSize.Size4K);
        device.Served.Device.Write(new(1024 << 12), [1]);
        device.Write(9);
        using var bitmap = new DirtyBitmap(device.Range, PageSize.Size4K);
        device.Tracker.Report(device.Range, bitmap);
        Assert.Equal([9], Pages(bitmap));
    }

    [Fact]
    public void A_device_that_went_is_a_failed_report_and_everything_is_dirty()
    {
        using var device = Started(out var bitmap);
        using (bitmap)
        {
            device.Write(3);
            device.Served.Server.Stop();
            ServedDevice.WaitUntil(() => !device.Client.IsConnected);
            Assert.Throws<TrackerFailedException>(() => device.Tracker.Report(device.Range, bitmap));
            Assert.Equal(256UL, bitmap.Count());
            device.Tracker.Stop();
            Assert.Throws<TrackerStartException>(() => device.Tracker.Start([device.Range], PageSize.Size4K));
            Assert.False(device.Tracker.IsStarted);
        }
    }

    [Fact]
    public void Memory_that_is_mapped_anew_while_it_is_tracked_is_a_failed_report_until_it_is_started_again()
    {
        using var device = Started(out var bitmap);
        using (bitmap)
        {
            device.MapMore();
            for (var report = 0; report < 2; report++)
            {
                bitmap.Clear();
                Assert.Throws<TrackerFailedException>(() => device.Tracker.Report(device.Range, bitmap));
                Assert.Equal(256UL, bitmap.Count());
            }

            device.Tracker.Stop();
            device.Tracker.Start([device.Range], PageSize.Size4K);
            bitmap.Clear();
            device.Write(5);
            device.Tracker.Report(device.Range, bitmap);
            Assert.Equal([5], Pages(bitmap));
        }
    }

    [Fact]
    public void Any_call_of_a_start_that_fails_leaves_nothing_started()
    {
        using var device = new TableDevice();
        device.Faults.FailAt(1);
        Assert.Throws<TrackerStartException>(() => device.Tracker.Start([device.Range], PageSize.Size4K));
        Assert.False(device.Tracker.IsStarted);
        Assert.Equal(0, device.Faults.Started);
        device.Faults.FailAt(0);
        device.Tracker.Start([device.Range], PageSize.Size4K);
        Assert.Equal(1, device.Faults.Started);
        // A stop that the kernel refuses ends with the descriptor all the same, so that it can be started again.
        device.Faults.FailAt(1);
        device.Tracker.Stop();
        device.Tracker.Start([device.Range], PageSize.Size4K);
    }

    [Fact]
    public void A_device_that_does_not_share_it_is_not_asked()
    {
        using var served = new ServedDevice();
        using var client = served.Connect();
        Assert.False(client.Server.SharesPageTable);
        Assert.False(IoTableTracker.TryCreate(client, new DmaSource("nic0"), IoTableMode.Scans, out _));
        Assert.Equal(25, Assert.Throws<VfioUserException>(() => client.GetPageTable()).Errno);
    }

    [Fact]
    public void A_device_that_has_nothing_mapped_has_no_tracker()
    {
        using var served = new ServedDevice(null, TableDevice.Sharing);
        using var client = served.Connect();
        Assert.False(IoTableTracker.TryCreate(client, new DmaSource("nic0"), IoTableMode.Scans, out _));
    }

    /// <summary>What a device says of its address space is used for its address space alone.</summary>
    [Fact]
    public void Mappings_that_are_not_there_are_refused_by_the_kernel_when_it_is_started()
    {
        using var device = new TableDevice();
        device.Served.Device.PageTable = [new(device.Range, new(0x1000))];
        Assert.Throws<TrackerStartException>(() => device.Tracker.Start([device.Range], PageSize.Size4K));
        device.Served.Device.PageTable = [];
        Assert.Throws<TrackerStartException>(() => device.Tracker.Start([device.Range], PageSize.Size4K));
        device.Served.Device.PageTable = [new(device.Range, new(0x1001))];
        Assert.Throws<TrackerStartException>(() => device.Tracker.Start([device.Range], PageSize.Size4K));
        device.Served.Device.PageTable = [.. Enumerable.Repeat(new MappedWindow(device.Range, new(0x1000)), 1025)];
        Assert.Throws<TrackerStartException>(() => device.Tracker.Start([device.Range], PageSize.Size4K));
        device.Served.Device.PageTable = null;
        device.Tracker.Start([device.Range], PageSize.Size4K);
    }

    /// <summary>A device that may only have its own writes wait is not asked for more: a system call that writes would fail.</summary>
    [Fact]
    public void By_faults_a_descriptor_for_user_mode_only_is_refused()
    {
        using var own = PageTableDescriptors.OpenOwn();
        using var lesser = new PageTableDescriptors(own.Userfault, own.Pagemap, holdsKernel: false);
        Assert.Equal(1, Assert.Throws<KernelCallException>(() => lesser.WatchFaults()).Errno);
    }

    [Fact]
    public void By_faults_many_pages_are_found_in_the_runs_in_which_they_were_written()
    {
        using var device = Started(out var bitmap, IoTableMode.Faults);
        using (bitmap)
        {
            device.Served.Device.WriteBySystemCall(device.At(0), 3 << 12);
            device.Served.Device.WriteBySystemCall(device.At(62), 68 << 12);
            device.Write(255);
            device.Tracker.Report(device.Range, bitmap);
            Assert.Equal([0, 1, 2, .. Enumerable.Range(62, 68).Select(page => (ulong)page), 255], Pages(bitmap));
            bitmap.Clear();
            device.Write(63);
            device.Tracker.Report(device.Range, bitmap);
            Assert.Equal([63], Pages(bitmap));
        }
    }

    [Fact]
    public async Task By_faults_writers_go_on_where_the_tracker_is_stopped_under_them()
    {
        using var device = Started(out var bitmap, IoTableMode.Faults);
        bitmap.Dispose();
        using var stop = new CancellationTokenSource();
        var writes = 0;
        var writer = Task.Run(() =>
        {
            for (ulong page = 0; !stop.IsCancellationRequested; page = (page + 1) % 256)
            {
                device.Write(page);
                Interlocked.Increment(ref writes);
            }
        });
        for (var i = 0; i < 20; i++)
        {
            device.Tracker.Stop();
            device.Tracker.Start([device.Range], PageSize.Size4K);
            var before = Volatile.Read(ref writes);
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref writes) > before, TimeSpan.FromSeconds(20)));
        }

        await stop.CancelAsync();
        await writer.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static TableDevice Started(out DirtyBitmap bitmap, IoTableMode mode = IoTableMode.Scans)
    {
        var device = new TableDevice(mode);
        bitmap = new DirtyBitmap(device.Range, PageSize.Size4K);
        device.Tracker.Start([device.Range], PageSize.Size4K);
        return device;
    }

    private static IEnumerable<ulong> Pages(DirtyBitmap bitmap) => Enumerable.Range(0, (int)bitmap.PageCount).Select(page => (ulong)page).Where(bitmap.IsSet);
}

using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Server;
using Xunit;

namespace Ferry.VfioUser.Tests;

public sealed class MigrationTests : IDisposable
{
    private const int Invalid = 22;
    private readonly ServedDevice _served = new();
    private readonly VfioUserClient _client;

    public MigrationTests() => _client = _served.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _served.Dispose();
    }

    [Fact]
    public void States_are_asked_for_and_taken()
    {
        Assert.Equal(VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy, _client.GetMigrationFlags());
        Assert.Equal(VfioDeviceState.Running, _client.GetState());
        _client.SetState(VfioDeviceState.PreCopyP2P);
        Assert.Equal(VfioDeviceState.PreCopyP2P, _client.GetState());
        _client.SetState(VfioDeviceState.StopCopy);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.SetState(VfioDeviceState.PreCopy)).Errno);
        Assert.Equal(VfioDeviceState.StopCopy, _served.Device.State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(-1)]
    public void A_state_that_is_none_is_refused(int state) =>
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.SetState((VfioDeviceState)state)).Errno);

    [Fact]
    public void A_device_without_migration_or_log_says_so()
    {
        using var served = new ServedDevice(new TestDevice { Migration = VfioMigrationFlags.None, DmaLogPageSizes = [] });
        using var client = served.Connect();
        Assert.Equal(VfioMigrationFlags.None, client.GetMigrationFlags());
        Assert.False(client.HasDmaLog);
        Assert.Null(client.EstimateStopCopyBytes());
        Assert.Throws<VfioUserException>(() => client.GetState());
        Assert.Throws<VfioUserException>(() => client.ReadMigrationData(new byte[10]));
        Assert.Throws<VfioUserException>(() => client.StartDmaLog([DmaTests.Pages(0, 1)], PageSize.Size4K));
    }

    [Fact]
    public void The_estimate_is_passed_on_or_none()
    {
        Assert.Equal(12345UL, _client.EstimateStopCopyBytes());
        _served.Device.Estimate = null;
        Assert.Null(_client.EstimateStopCopyBytes());
    }

    [Fact]
    public void Data_is_read_only_while_saving_and_written_only_while_resuming()
    {
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.ReadMigrationData(new byte[10])).Errno);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.WriteMigrationData(new byte[10])).Errno);
    }

    [Fact]
    public void State_of_more_than_one_message_arrives_whole_and_its_end_is_seen()
    {
        var data = new byte[(5 << 20) / 2];
        new Random(9).NextBytes(data);
        _served.Device.MigrationData = data;
        _client.SetState(VfioDeviceState.StopCopy);
        var got = new List<byte>();
        var buffer = new byte[4 << 20];
        for (int count; (count = _client.ReadMigrationData(buffer)) > 0;)
        {
            got.AddRange(buffer.AsSpan(0, count));
        }

        Assert.Equal(data, got);
        Assert.Equal(0, _client.ReadMigrationData(buffer));
        _client.SetState(VfioDeviceState.Stop);
        _client.SetState(VfioDeviceState.Resuming);
        _client.WriteMigrationData(data);
        Assert.Equal(data, _served.Device.Received);
    }

    [Fact]
    public void A_page_size_that_the_device_lacks_is_answered_by_the_one_it_took()
    {
        Assert.Equal(PageSize.Size4K, _client.StartDmaLog([DmaTests.Pages(0, 512)], new PageSize(8192)));
        Assert.Throws<VfioUserException>(() => _client.StartDmaLog([DmaTests.Pages(0, 512)], PageSize.Size4K));
        _client.StopDmaLog();
        Assert.Equal(PageSize.Size2M, _client.StartDmaLog([DmaTests.Pages(0, 512)], new PageSize(1 << 30)));
    }

    [Fact]
    public void More_ranges_than_the_device_logs_are_too_many()
    {
        const int tooBig = 7;
        var ranges = Enumerable.Range(0, 9).Select(i => DmaTests.Pages((ulong)i * 2, 1)).ToList();
        Assert.Equal(tooBig, Assert.Throws<VfioUserException>(() => _client.StartDmaLog(ranges, PageSize.Size4K)).Errno);
        _client.StartDmaLog(ranges[..8], PageSize.Size4K);
    }

    [Fact]
    public void Overlapping_or_unaligned_ranges_are_refused()
    {
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.StartDmaLog([DmaTests.Pages(0, 2), DmaTests.Pages(1, 2)], PageSize.Size4K)).Errno);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.StartDmaLog([DmaTests.Pages(1, 512)], PageSize.Size2M)).Errno);
        Assert.False(_served.Device.IsLogging);
    }

    [Fact]
    public void A_report_without_a_log_is_refused()
    {
        using var bitmap = new DirtyBitmap(DmaTests.Pages(0, 64), PageSize.Size4K);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.ReportDmaLog(DmaTests.Pages(0, 64), PageSize.Size4K, bitmap)).Errno);
    }

    [Fact]
    public void A_report_larger_than_a_bitmap_may_be_is_split_and_loses_nothing()
    {
        using var served = new ServedDevice(null, new VfioUserServerOptions { Capabilities = VfioUserCapabilities.Own with { MaxBitmapBytes = 24 } });
        using var client = served.Connect();
        client.StartDmaLog([DmaTests.Pages(5, 1000)], PageSize.Size4K);
        var random = new Random(11);
        var expected = Enumerable.Range(0, 300).Select(_ => (ulong)random.Next(5, 1005)).Distinct().Order().ToArray();
        foreach (var page in expected)
        {
            served.Device.MarkWritten(DmaTests.Pages(page, 1));
        }

        using var bitmap = new DirtyBitmap(DmaTests.Pages(0, 1024), PageSize.Size4K);
        client.ReportDmaLog(DmaTests.Pages(5, 1000), PageSize.Size4K, bitmap);
        Assert.Equal(expected, DmaTests.SetPages(bitmap));
        bitmap.Clear();
        client.ReportDmaLog(DmaTests.Pages(5, 1000), PageSize.Size4K, bitmap);
        Assert.Equal(0UL, bitmap.Count());
    }

    [Fact]
    public void A_coarse_log_is_widened_into_a_fine_bitmap()
    {
        _client.StartDmaLog([DmaTests.Pages(0, 64)], new PageSize(65536));
        _served.Device.MarkWritten(DmaTests.Pages(17, 1));
        using var bitmap = new DirtyBitmap(DmaTests.Pages(0, 64), PageSize.Size4K);
        _client.ReportDmaLog(DmaTests.Pages(0, 64), new PageSize(65536), bitmap);
        Assert.Equal(Enumerable.Range(16, 16).Select(i => (ulong)i), DmaTests.SetPages(bitmap));
    }
}

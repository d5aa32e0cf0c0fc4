using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Server;
using Xunit;

namespace Ferry.VfioUser.Tests;

public sealed class RegionTests : IDisposable
{
    private const int Invalid = 22;
    private readonly ServedDevice _served = new();
    private readonly VfioUserClient _client;

    public RegionTests() => _client = _served.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _served.Dispose();
    }

    [Fact]
    public void The_device_is_described()
    {
        Assert.Equal(new VfioUserDeviceInfo(4, 5, true, true), _client.GetInfo());
        Assert.Equal([1, 40, 0, 0, 1], Enumerable.Range(0, 5).Select(_client.GetInterruptCount));
        var registers = _client.GetRegionInfo(TestDevice.Registers);
        Assert.Equal((8192UL, true, true), (registers.SizeBytes, registers.Readable, registers.Writable));
        Assert.Empty(registers.MappableAreas);
        Assert.False(_client.GetRegionInfo(TestDevice.ReadOnly).Writable);
        Assert.Equal(0UL, _client.GetRegionInfo(TestDevice.Absent).SizeBytes);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(-1)]
    public void A_region_or_interrupt_index_that_is_none_is_refused(int index)
    {
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.GetRegionInfo(index)).Errno);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.RegionRead(index, 0, new byte[4])).Errno);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.GetInterruptCount(index | 5)).Errno);
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        for (var length = 1; length <= 300; length += 7)
        {
            var data = new byte[length];
            new Random(length).NextBytes(data);
            _client.RegionWrite(TestDevice.Registers, (ulong)length, data);
            var got = new byte[length];
            _client.RegionRead(TestDevice.Registers, (ulong)length, got);
            Assert.Equal(data, got);
        }
    }

    [Theory]
    [InlineData(8189UL, 4)]
    [InlineData(8193UL, 1)]
    [InlineData(ulong.MaxValue, 4)]
    [InlineData(ulong.MaxValue - 3, 4)]
    public void An_access_that_leaves_the_region_is_refused_and_the_next_one_works(ulong offset, int count)
    {
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.RegionRead(TestDevice.Registers, offset, new byte[count])).Errno);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.RegionWrite(TestDevice.Registers, offset, new byte[count])).Errno);
        _client.RegionWrite(TestDevice.Registers, 8188, new byte[4]);
    }

    [Fact]
    public void A_region_is_not_written_where_it_only_may_be_read() =>
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.RegionWrite(TestDevice.ReadOnly, 0, new byte[4])).Errno);

    [Fact]
    public void A_posted_write_is_done_before_what_follows_and_its_refusal_breaks_nothing()
    {
        _client.PostRegionWrite(TestDevice.Registers, 1 << 20, [1]);
        _client.PostRegionWrite(TestDevice.Registers, 8, [1, 2, 3, 4]);
        var got = new byte[4];
        _client.RegionRead(TestDevice.Registers, 8, got);
        Assert.Equal([1, 2, 3, 4], got);
        Assert.Single(_served.Errors);
    }

    [Fact]
    public void Several_writes_in_one_message_are_all_checked_before_the_first_is_done()
    {
        _client.RegionWriteMultiple([new(TestDevice.Registers, 0, 4, 0x11223344), new(TestDevice.Registers, 100, 8, 0x0102030405060708), new(TestDevice.Registers, 4, 1, 0xff)]);
        Assert.Equal([0x44, 0x33, 0x22, 0x11, 0xff, 0], _served.Device.RegisterBytes[..6]);
        Assert.Equal([8, 7, 6, 5, 4, 3, 2, 1], _served.Device.RegisterBytes[100..108]);
        Assert.Throws<VfioUserException>(() => _client.RegionWriteMultiple([new(TestDevice.Registers, 0, 4, 0), new(TestDevice.Registers, 8190, 4, 0)]));
        Assert.Equal(0x44, _served.Device.RegisterBytes[0]);
    }

    [Fact]
    public void Sparse_areas_are_mapped_and_shared_with_the_device()
    {
        Assert.Equal(TestDevice.SharedAreas, _client.GetRegionInfo(TestDevice.Shared).MappableAreas);
        using var mapped = _client.MapRegion(TestDevice.Shared);
        Assert.Equal([4096UL, 32768UL], mapped.Areas.Select(area => area.OffsetBytes));
        Assert.True(mapped.TryGetSpan(4096 + 8188, 4, out var span));
        "ping"u8.CopyTo(span);
        var bytes = new byte[4];
        RandomAccess.Read(_served.Device.SharedFile.Handle, bytes, 4096 + 4096 + 8188);
        Assert.Equal("ping"u8, bytes);
        Assert.False(mapped.TryGetSpan(4096 + 8190, 4, out _));
        Assert.False(mapped.TryGetSpan(0, 4, out _));
        Assert.False(mapped.TryGetSpan(ulong.MaxValue, 4, out _));
    }

    [Fact]
    public void A_region_without_a_file_maps_to_nothing()
    {
        using var mapped = _client.MapRegion(TestDevice.Registers);
        Assert.Empty(mapped.Areas);
    }

    [Fact]
    public void Whatever_the_device_throws_becomes_an_error_and_the_server_goes_on()
    {
        _served.Device.Fault = new VfioUserException(16, "busy");
        Assert.Equal(16, Assert.Throws<VfioUserException>(() => _client.RegionRead(0, 0, new byte[1])).Errno);
        _served.Device.Fault = new InvalidOperationException("a bug");
        Assert.Equal(5, Assert.Throws<VfioUserException>(() => _client.RegionRead(0, 0, new byte[1])).Errno);
        _served.Device.Fault = new VfioUserException(-7, "no errno");
        Assert.Equal(5, Assert.Throws<VfioUserException>(() => _client.Reset()).Errno);
        _client.Reset();
        Assert.Equal(1, _served.Device.Resets);
    }

    [Fact]
    public void Larger_accesses_than_the_server_takes_are_split()
    {
        using var served = new ServedDevice(null, new VfioUserServerOptions { Capabilities = new VfioUserCapabilities { MaxDataTransferBytes = 100 } });
        using var client = served.Connect();
        var data = new byte[1234];
        new Random(5).NextBytes(data);
        client.RegionWrite(TestDevice.Registers, 3, data);
        var got = new byte[data.Length];
        client.RegionRead(TestDevice.Registers, 3, got);
        Assert.Equal(data, got);
        // The server did not say that it knows several writes in one message.
        client.RegionWriteMultiple([new(TestDevice.Registers, 0, 4, 7)]);
        Assert.Equal(7, served.Device.RegisterBytes[0]);
    }
}

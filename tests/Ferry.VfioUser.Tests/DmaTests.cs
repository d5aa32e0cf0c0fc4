using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Server;
using Xunit;

namespace Ferry.VfioUser.Tests;

public sealed class DmaTests : IDisposable
{
    private const int Invalid = 22;
    private readonly ServedDevice _served = new();
    private readonly VfioUserClient _client;
    // Descriptors are counted by this name, and other tests run beside this one.
    private readonly string _name = $"dma-{Guid.NewGuid():N}";
    private readonly MemoryFile _memory;

    public DmaTests() => (_client, _memory) = (_served.Connect(), MemoryFile.Create(_name, 1 << 20));

    public void Dispose()
    {
        _client.Dispose();
        _served.Dispose();
        _memory.Dispose();
    }

    [Fact]
    public void The_device_writes_the_memory_that_was_mapped_for_it()
    {
        _client.MapDma(Pages(16, 4), 8 * 4096, true, true, _memory.Handle);
        _served.Device.Write(new Iova(17 * 4096), "hello"u8);
        var bytes = new byte[5];
        RandomAccess.Read(_memory.Handle, bytes, 9 * 4096);
        Assert.Equal("hello"u8, bytes);
        _client.UnmapDma(Pages(16, 4));
        Assert.Equal(0, _served.Device.WindowCount);
    }

    [Theory]
    [InlineData(16, 4)]
    [InlineData(12, 5)]
    [InlineData(19, 5)]
    [InlineData(17, 1)]
    [InlineData(10, 100)]
    public void A_mapping_over_another_is_refused_as_existing(ulong first, ulong count)
    {
        const int exists = 17;
        _client.MapDma(Pages(16, 4), 0, true, true, _memory.Handle);
        Assert.Equal(exists, Assert.Throws<VfioUserException>(() => _client.MapDma(Pages(first, count), 0, true, true, null)).Errno);
        _client.MapDma(Pages(20, 4), 0, true, true, null);
        _client.MapDma(Pages(12, 4), 0, true, true, null);
        Assert.Equal(3, _served.Device.WindowCount);
    }

    [Theory]
    [InlineData(16, 3)]
    [InlineData(16, 5)]
    [InlineData(17, 3)]
    [InlineData(15, 4)]
    public void Only_exactly_what_was_mapped_is_unmapped(ulong first, ulong count)
    {
        const int noEntry = 2;
        _client.MapDma(Pages(16, 4), 0, true, true, _memory.Handle);
        Assert.Equal(noEntry, Assert.Throws<VfioUserException>(() => _client.UnmapDma(Pages(first, count))).Errno);
        Assert.Equal(1, _served.Device.WindowCount);
    }

    [Fact]
    public void Many_mappings_are_made_at_once()
    {
        _client.MapDma([.. Enumerable.Range(0, 200).Select(i => Place((ulong)i))], _memory.Handle);
        Assert.Equal(200, _served.Device.WindowCount);
        _served.Device.Write(new Iova(199 * 2 * 4096), "hello"u8);
        var bytes = new byte[5];
        RandomAccess.Read(_memory.Handle, bytes, 199 * 4096);
        Assert.Equal("hello"u8, bytes);
    }

    [Fact]
    public void Many_mappings_are_given_back_at_once_also_where_one_is_none()
    {
        _client.MapDma([.. Enumerable.Range(0, 100).Select(i => Place((ulong)i))], _memory.Handle);
        var ranges = Enumerable.Range(0, 100).Select(i => Place((ulong)i).Range).ToArray();
        Assert.Throws<VfioUserException>(() => _client.UnmapDma([.. ranges[..40], Pages(500, 1), .. ranges[40..60]]));
        Assert.InRange(_served.Device.WindowCount, 40, 60);
        _client.UnmapAllDma();
        _client.MapDma([.. Enumerable.Range(0, 100).Select(i => Place((ulong)i))], _memory.Handle);
        _client.UnmapDma(ranges);
        Assert.Equal(0, _served.Device.WindowCount);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(99)]
    public void One_of_many_that_is_refused_takes_the_others_with_it(int which)
    {
        var places = Enumerable.Range(0, 100).Select(i => Place((ulong)i)).ToArray();
        _client.MapDma(places[which].Range, 0, true, true, null);
        Assert.Throws<VfioUserException>(() => _client.MapDma(places, _memory.Handle));
        Assert.Equal(1, _served.Device.WindowCount);
        _client.UnmapDma(places[which].Range);
        _client.MapDma(places, _memory.Handle);
        Assert.Equal(100, _served.Device.WindowCount);
    }

    [Fact]
    public void A_range_that_is_no_whole_pages_is_refused()
    {
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.MapDma(new IovaRange(new Iova(100), 4096), 0, true, true, null)).Errno);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.MapDma(new IovaRange(new Iova(0), 100), 0, true, true, null)).Errno);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.MapDma(Pages(0, 1), 100, true, true, _memory.Handle)).Errno);
    }

    [Theory]
    [InlineData(256, 1)]
    [InlineData(255, 2)]
    [InlineData(0, 257)]
    [InlineData(1UL << 51, 1)]
    public void A_range_that_ends_beyond_its_file_is_refused(ulong filePage, ulong count)
    {
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.MapDma(Pages(0, count), filePage * 4096, true, true, _memory.Handle)).Errno);
        Assert.Equal(0, _served.Device.WindowCount);
    }

    [Fact]
    public void What_is_no_file_is_not_mapped()
    {
        using var events = new Linux.Events.EventFile();
        Assert.Throws<VfioUserException>(() => _client.MapDma(Pages(0, 1), 0, true, true, events.Handle));
        _client.MapDma(Pages(0, 1), 0, true, true, _memory.Handle);
    }

    [Fact]
    public void The_last_page_of_the_address_space_can_be_mapped()
    {
        _client.MapDma(Pages(ulong.MaxValue / 4096, 1), 0, true, true, null);
        _client.UnmapDma(Pages(ulong.MaxValue / 4096, 1));
    }

    [Fact]
    public void The_number_of_mappings_is_bounded()
    {
        const int noSpace = 28;
        using var served = new ServedDevice(null, new VfioUserServerOptions { Capabilities = VfioUserCapabilities.Own with { MaxDmaMaps = 3 } });
        using var client = served.Connect();
        Assert.Equal(3, client.Server.MaxDmaMaps);
        for (ulong i = 0; i < 3; i++)
        {
            client.MapDma(Pages(i * 2, 1), 0, true, true, null);
        }

        Assert.Equal(noSpace, Assert.Throws<VfioUserException>(() => client.MapDma(Pages(100, 1), 0, true, true, null)).Errno);
        client.UnmapAllDma();
        Assert.Equal(0, served.Device.WindowCount);
        client.MapDma(Pages(100, 1), 0, true, true, null);
    }

    [Fact]
    public void A_descriptor_of_a_mapping_that_the_device_refuses_is_closed()
    {
        _served.Device.Fault = new VfioUserException(12, "no memory");
        var before = OpenDescriptors();
        Assert.Throws<VfioUserException>(() => _client.MapDma(Pages(0, 1), 0, true, true, _memory.Handle));
        Assert.Equal(before, OpenDescriptors());
        _client.MapDma(Pages(0, 1), 0, true, true, _memory.Handle);
        Assert.Equal(before, OpenDescriptors());
    }

    [Fact]
    public void When_the_client_goes_all_is_taken_back_and_the_next_one_starts_anew()
    {
        var before = OpenDescriptors();
        using (var events = new Linux.Events.EventFile())
        {
            _client.MapDma(Pages(16, 4), 0, true, true, _memory.Handle);
            _client.SetInterrupts(0, 0, [events.Handle]);
            _client.StartDmaLog([Pages(16, 4)], PageSize.Size4K);
            _client.Dispose();
        }

        ServedDevice.WaitUntil(() => !_served.Server.HasClient);
        Assert.Equal((0, 0, false), (_served.Device.WindowCount, _served.Device.EventCount, _served.Device.IsLogging));
        using var next = _served.Connect();
        next.MapDma(Pages(16, 4), 0, true, true, _memory.Handle);
        Assert.Equal(before, OpenDescriptors());
    }

    [Fact]
    public void Unmapping_delivers_the_pages_that_were_not_reported()
    {
        _client.MapDma(Pages(16, 200), 0, true, true, _memory.Handle);
        using var dirty = new DirtyBitmap(Pages(0, 512), PageSize.Size4K);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => _client.UnmapDma(Pages(16, 200), PageSize.Size4K, dirty)).Errno);
        dirty.Clear();
        _client.StartDmaLog([Pages(16, 200)], PageSize.Size4K);
        _served.Device.Write(new Iova(18 * 4096), new byte[8192]);
        _served.Device.Write(new Iova((215 * 4096) + 4095), new byte[1]);
        _client.UnmapDma(Pages(16, 200), PageSize.Size4K, dirty);
        Assert.Equal([18UL, 19, 215], SetPages(dirty));
        Assert.Equal(0, _served.Device.WindowCount);
    }

    [Fact]
    public void Unmapping_more_than_a_bitmap_holds_takes_every_page_as_dirty()
    {
        using var served = new ServedDevice(null, new VfioUserServerOptions { Capabilities = VfioUserCapabilities.Own with { MaxBitmapBytes = 8 } });
        using var client = served.Connect();
        client.MapDma(Pages(0, 65), 0, true, true, _memory.Handle);
        client.StartDmaLog([Pages(0, 65)], PageSize.Size4K);
        using var dirty = new DirtyBitmap(Pages(0, 65), PageSize.Size4K);
        client.UnmapDma(Pages(0, 65), PageSize.Size4K, dirty);
        Assert.Equal(65UL, dirty.Count());
    }

    internal static ulong[] SetPages(DirtyBitmap bitmap) => [.. Enumerable.Range(0, (int)bitmap.PageCount).Select(i => (ulong)i).Where(bitmap.IsSet)];

    private static VfioUserMapping Place(ulong index) => new(Pages(index * 2, 1), index * 4096, true, true);

    internal static IovaRange Pages(ulong first, ulong count) => new(new Iova(first * 4096), count * 4096);

    private int OpenDescriptors() => Directory.GetFiles("/proc/self/fd").Count(entry => new FileInfo(entry).LinkTarget?.Contains(_name, StringComparison.Ordinal) == true);
}

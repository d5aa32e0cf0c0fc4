using Ferry.Devices.Dma;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.VfioUser;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Ferry.Devices.Tests.Dma;

public sealed class DmaWindowsTests : IDisposable
{
    private const ulong Page = 4096;
    private const ulong Top = ulong.MaxValue;

    private readonly MemoryFile _file = MemoryFile.Create("test-dma", 64 * Page);
    private readonly MappedMemory _memory;
    private readonly DmaWindows _windows = new(maxMaps: 4, new DmaLogLimits([PageSize.Size4K], MaxRanges: 4, MaxBitmapBytes: 1 << 20));

    public DmaWindowsTests() => _memory = MappedMemory.MapShared(_file.Handle, 0, 64 * Page, MemoryProtection.Read | MemoryProtection.Write);

    [Fact]
    public void An_access_reaches_the_bytes_that_the_file_holds_at_the_offset()
    {
        _windows.Map(Pages(100, 2), 3 * Page, read: true, write: true, Share());
        Assert.True(_windows.TryWrite(new(101 * Page), [1, 2, 3]));
        Assert.Equal([1, 2, 3], _memory.GetSpan(4 * Page, 3).ToArray());
        var read = new byte[3];
        Assert.True(_windows.TryRead(new(101 * Page), read));
        Assert.Equal([1, 2, 3], read);
    }

    [Theory]
    [InlineData(9 * Page, 1)]
    [InlineData((10 * Page) - 1, 2)]
    [InlineData((12 * Page) - 1, 2)]
    [InlineData(12 * Page, 1)]
    [InlineData(10 * Page, (2 * 4096) + 1)]
    [InlineData(ulong.MaxValue, 2)]
    [InlineData(ulong.MaxValue, 1)]
    [InlineData(0UL, 1)]
    public void What_is_not_all_mapped_is_neither_read_nor_written(ulong address, int length)
    {
        _windows.Map(Pages(10, 2), 0, read: true, write: true, Share());
        Assert.False(_windows.TryRead(new(address), new byte[length]));
        var data = new byte[length];
        data.AsSpan().Fill(0xFF);
        Assert.False(_windows.TryWrite(new(address), data));
        Assert.False(_windows.TryAcquire(new(address), length, DmaAccess.Write, out _));
        Assert.False(_memory.GetSpan(0, 64 * 4096).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void An_access_that_wraps_the_address_space_does_not_come_round()
    {
        _windows.Map(new(new(Top - (2 * Page) + 1), 2 * Page), 0, read: true, write: true, Share());
        _windows.Map(Pages(0, 2), 2 * Page, read: true, write: true, Share());
        Assert.True(_windows.TryWrite(new(Top - 7), new byte[8]));
        Assert.False(_windows.TryWrite(new(Top - 7), new byte[9]));
        Assert.False(_windows.TryRead(new(Top - 7), new byte[9]));
        Assert.False(_windows.TryAcquire(new(Top - 7), 9, DmaAccess.Read, out _));
    }

    [Fact]
    public void Permissions_hold_for_each_window_of_an_access()
    {
        _windows.Map(Pages(0, 1), 0, read: true, write: true, Share());
        _windows.Map(Pages(1, 1), Page, read: true, write: false, Share());
        _windows.Map(Pages(2, 1), 2 * Page, read: false, write: true, Share());
        Assert.True(_windows.TryRead(new(Page - 4), new byte[8]));
        Assert.False(_windows.TryWrite(new(Page - 4), [9, 9, 9, 9, 9, 9, 9, 9]));
        Assert.Equal(0, _memory.GetSpan(Page - 4, 1)[0]);
        Assert.False(_windows.TryRead(new((2 * Page) - 4), new byte[8]));
        Assert.False(_windows.TryAcquire(new(Page), 8, DmaAccess.Write, out _));
    }

    [Fact]
    public void Mappings_that_overlap_are_too_many_or_can_not_be_are_refused_and_change_nothing()
    {
        _windows.Map(Pages(10, 4), 0, read: true, write: true, Share());
        Refused(17, () => _windows.Map(Pages(13, 1), 0, true, true, Share()));
        Refused(17, () => _windows.Map(Pages(8, 3), 0, true, true, Share()));
        Refused(17, () => _windows.Map(Pages(8, 10), 0, true, true, Share()));
        Refused(22, () => _windows.Map(new(new(100), Page), 0, true, true, Share()));
        Refused(22, () => _windows.Map(Pages(20, 1), 0, false, false, Share()));
        Refused(22, () => _windows.Map(Pages(20, 2), 63 * Page, true, true, Share()));
        Refused(22, () => _windows.Map(Pages(20, 1), ulong.MaxValue - 4095, true, true, Share()));
        Refused(22, () => _windows.Map(Pages(20, 1), 1, true, true, Share()));
        for (var i = 0UL; i < 3; i++)
        {
            _windows.Map(Pages(20 + i, 1), 0, true, true, Share());
        }

        Refused(28, () => _windows.Map(Pages(30, 1), 0, true, true, Share()));
        Assert.Equal(4, _windows.Count);
    }

    [Fact]
    public void Only_a_whole_mapping_is_unmapped_and_nothing_reaches_it_then()
    {
        _windows.Map(Pages(10, 4), 0, read: true, write: true, Share());
        Refused(2, () => _windows.Unmap(Pages(10, 3), null));
        Refused(2, () => _windows.Unmap(Pages(11, 3), null));
        Refused(2, () => _windows.Unmap(Pages(9, 4), null));
        Assert.True(_windows.TryWrite(new(10 * Page), [1]));
        _windows.Unmap(Pages(10, 4), null);
        Assert.False(_windows.TryWrite(new(10 * Page), [1]));
        _windows.Map(Pages(10, 4), 0, read: true, write: true, Share());
        Assert.True(_windows.TryWrite(new(10 * Page), [1]));
        _windows.UnmapAll();
        Assert.False(_windows.TryRead(new(10 * Page), new byte[1]));
    }

    [Fact]
    public void Unmapping_waits_for_whoever_holds_the_memory()
    {
        _windows.Map(Pages(0, 4), 0, read: true, write: true, Share());
        Assert.True(_windows.TryAcquire(new(0), 64, DmaAccess.Write, out var held));
        var unmapped = false;
        var unmapping = new Thread(() =>
        {
            _windows.Unmap(Pages(0, 4), null);
            Volatile.Write(ref unmapped, true);
        });
        unmapping.Start();
        Thread.Sleep(30);
        Assert.False(Volatile.Read(ref unmapped));
        held.Bytes.Fill(7);
        held.Dispose();
        unmapping.Join();
        Assert.Equal(7, _memory.GetSpan(63, 1)[0]);
    }

    [Fact]
    public void Mapping_and_unmapping_beside_accesses_gives_each_access_all_or_nothing()
    {
        _windows.Map(Pages(0, 1), 0, read: true, write: true, Share());
        var stop = false;
        var worker = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                if (_windows.TryAcquire(new(Page), 4096, DmaAccess.Write, out var span))
                {
                    span.Bytes.Fill(1);
                    span.Dispose();
                }
            }
        });
        worker.Start();
        for (var i = 0; i < 500; i++)
        {
            _windows.Map(Pages(1, 1), Page, read: true, write: true, Share());
            Thread.Yield();
            _windows.Unmap(Pages(1, 1), null);
            _memory.GetSpan(Page, 4096).Clear();
            Thread.Yield();
            Assert.False(_memory.GetSpan(Page, 4096).ContainsAnyExcept((byte)0));
        }

        Volatile.Write(ref stop, true);
        worker.Join();
    }

    [Fact]
    public void Memory_without_a_descriptor_is_reached_by_messages_also_beside_mapped_memory()
    {
        var messages = new Messages();
        _windows.Messages = messages;
        _windows.Map(Pages(0, 1), 0, read: true, write: true, Share());
        _windows.Map(Pages(1, 1), 0, read: true, write: true, null);
        Assert.False(_windows.TryAcquire(new(Page), 8, DmaAccess.Write, out _));
        Assert.True(_windows.TryWrite(new(Page - 2), [1, 2, 3, 4]));
        Assert.Equal([1, 2], _memory.GetSpan(Page - 2, 2).ToArray());
        var (address, data) = Assert.Single(messages.Written);
        Assert.Equal(Page, address);
        Assert.Equal([3, 4], data);
        messages.Refuses = true;
        Assert.False(_windows.TryWrite(new(Page), [1]));
        Assert.False(_windows.TryRead(new(Page), new byte[1]));
        _windows.Messages = null;
        Assert.False(_windows.TryWrite(new(Page), [1]));
    }

    [Fact]
    public void Unmapping_waits_for_the_message_under_way_and_has_its_mark()
    {
        using var messages = new HeldMessages();
        _windows.Messages = messages;
        _windows.Map(Pages(0, 4), 0, read: true, write: true, null);
        _windows.Map(Pages(4, 4), 0, read: true, write: true, Share());
        _windows.StartLog([Pages(0, 8)], PageSize.Size4K);
        var writing = new Thread(() => _windows.TryWrite(new(Page), [1]));
        writing.Start();
        Assert.True(messages.Entered.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));

        // What is mapped is reached, unmapped and logged meanwhile.
        Assert.True(_windows.TryWrite(new(5 * Page), [1]));
        _windows.Unmap(Pages(4, 4), null);
        using var dirty = new DirtyBitmap(Pages(0, 8), PageSize.Size4K);
        _windows.ReportLog(Pages(0, 8), dirty);
        Assert.True(dirty.IsSet(5) && dirty.Count() == 1);
        _windows.StopLog();
        _windows.StartLog([Pages(0, 8)], PageSize.Size4K);
        var unmapping = new Thread(() => _windows.Unmap(Pages(0, 4), dirty));
        unmapping.Start();
        Assert.False(unmapping.Join(50));
        messages.Leave.Set();
        Assert.True(unmapping.Join(TimeSpan.FromSeconds(20)) && writing.Join(TimeSpan.FromSeconds(20)));
        Assert.True(dirty.IsSet(1));
        Assert.False(_windows.TryWrite(new(Page), [1]));
        Assert.Equal(1, messages.Calls);
    }

    [Fact]
    public void Accesses_allocate_nothing()
    {
        _windows.Map(Pages(0, 4), 0, read: true, write: true, Share());
        _windows.StartLog([Pages(0, 4)], PageSize.Size4K);
        var data = new byte[5000];
        Access(data);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Access(data);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    public void Dispose()
    {
        _windows.Dispose();
        _memory.Dispose();
        _file.Dispose();
    }

    private static IovaRange Pages(ulong first, ulong count) => new(new(first * Page), count * Page);

    private static void Refused(int errno, Action call) => Assert.Equal(errno, Assert.Throws<VfioUserException>(call).Errno);

    private void Access(byte[] data)
    {
        _windows.TryWrite(new(100), data);
        _windows.TryRead(new(100), data);
        _windows.TryWrite(new(0x100000), data);
        if (_windows.TryAcquire(new(0), 4096, DmaAccess.Write, out var span))
        {
            span.Dispose();
        }
    }

    private SafeFileHandle Share() => Models.GuestDriver.Reopen(_file.Handle);

    private sealed class Messages : IDmaMessages
    {
        public List<(ulong Address, byte[] Data)> Written { get; } = [];

        public bool Refuses { get; set; }

        public bool TryRead(Iova start, Span<byte> data) => !Refuses;

        public bool TryWrite(Iova start, ReadOnlySpan<byte> data)
        {
            Written.Add((start.Value, data.ToArray()));
            return !Refuses;
        }
    }

    private sealed class HeldMessages : IDmaMessages, IDisposable
    {
        public ManualResetEventSlim Entered { get; } = new();

        public ManualResetEventSlim Leave { get; } = new();

        public int Calls { get; private set; }

        public bool TryRead(Iova start, Span<byte> data) => false;

        public bool TryWrite(Iova start, ReadOnlySpan<byte> data)
        {
            Calls++;
            Entered.Set();
            return Leave.Wait(TimeSpan.FromSeconds(20));
        }

        public void Dispose()
        {
            Entered.Dispose();
            Leave.Dispose();
        }
    }
}

using Ferry.Devices.Models;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Xunit;

namespace Ferry.Devices.Tests.Models;

public sealed class RnicLogTests
{
    private const ulong MemoryBytes = 16 << 20;

    [Theory]
    [InlineData(12, 1024)]
    [InlineData(12, 16384)]
    [InlineData(16, 4096)]
    [InlineData(21, 65536)]
    public void Reports_beside_a_running_device_add_up_to_exactly_what_it_wrote(int pageShift, int messageBytes)
    {
        var pageSize = new PageSize(1UL << pageShift);
        using var device = new Rnic(new RnicOptions { MessageBytes = messageBytes, DeviceStateBytes = 0, LogPageSizes = [pageSize], LogMaxRanges = 1 });
        using var guest = new GuestDriver(MemoryBytes, entries: 16, messageBytes: messageBytes);
        using var reported = new DirtyBitmap(guest.All, pageSize);
        using var expected = new DirtyBitmap(guest.All, pageSize);
        // 24 slots, so that over the turns of a ring of 16 a buffer is reused only after it was consumed.
        guest.BufferOf = index => GuestDriver.Buffers + (index % 24 * 0x4C040);
        guest.Consumed = buffer => expected.Set(new(new(buffer), (ulong)messageBytes));
        guest.Map(device);
        device.StartDmaLog([guest.All], pageSize);
        guest.PostAll(device);
        guest.Enable(device);
        for (var sequence = 20UL; sequence <= 400; sequence += 20)
        {
            guest.ConsumeUntil(device, sequence);
            device.ReportDmaLog(guest.All, reported);
        }

        device.SetState(VfioDeviceState.Stop);
        guest.Drain();
        device.ReportDmaLog(guest.All, reported);
        expected.Set(new(new(GuestDriver.DefaultCqBase), 16 * 32));
        AssertSame(expected, reported);

        // Nothing more comes, and nothing was kept back.
        using var empty = new DirtyBitmap(guest.All, pageSize);
        device.ReportDmaLog(guest.All, empty);
        Assert.Equal(0UL, empty.Count());
        device.StopDmaLog();
    }

    [Fact]
    public void Pages_copied_from_reports_alone_give_the_memory_of_the_source()
    {
        using var device = new Rnic(new RnicOptions { MessageBytes = 4096, DeviceStateBytes = 0 });
        using var guest = new GuestDriver(MemoryBytes);
        using var bitmap = new DirtyBitmap(guest.All, PageSize.Size4K);
        guest.Map(device);
        device.StartDmaLog([guest.All], PageSize.Size4K);
        guest.PostAll(device);
        guest.Enable(device);
        var copy = new byte[(int)MemoryBytes];
        for (var sequence = 100UL; sequence <= 1000; sequence += 100)
        {
            guest.ConsumeUntil(device, sequence);
            CopyDirty(device, guest, bitmap, copy);
        }

        device.SetState(VfioDeviceState.StopCopy);
        CopyDirty(device, guest, bitmap, copy);
        // The receive ring is the guest's own; the device wrote everything else.
        guest.At(GuestDriver.DefaultRxBase, 0x10000).CopyTo(copy.AsSpan((int)GuestDriver.DefaultRxBase));
        Assert.True(guest.At(0, copy.Length).SequenceEqual(copy));
    }

    private static void CopyDirty(Rnic device, GuestDriver guest, DirtyBitmap bitmap, byte[] copy)
    {
        bitmap.Clear();
        device.ReportDmaLog(guest.All, bitmap);
        foreach (var (first, count) in bitmap.Runs())
        {
            var bytes = guest.At(first * 4096, (int)count * 4096);
            bytes.CopyTo(copy.AsSpan((int)first * 4096));
        }
    }

    private static void AssertSame(DirtyBitmap expected, DirtyBitmap actual)
    {
        for (var page = 0UL; page < expected.PageCount; page++)
        {
            Assert.True(expected.IsSet(page) == actual.IsSet(page), $"Page {page} of {expected.PageCount}: written {expected.IsSet(page)}, reported {actual.IsSet(page)}.");
        }
    }
}

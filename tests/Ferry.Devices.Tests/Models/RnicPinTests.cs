using Ferry.Devices.Dma;
using Ferry.Devices.Models;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;
using Xunit;

namespace Ferry.Devices.Tests.Models;

/// <summary>An rnic whose log reports what it has pinned.</summary>
public sealed class RnicPinTests
{
    private const uint ErrorBit = 2;
    private static readonly RnicOptions Options = new() { DeviceStateBytes = 0, LogMode = DmaLogMode.Pinned };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Posted_buffers_and_the_completion_ring_are_reported_and_the_descriptors_are_not(bool isMediated)
    {
        using var device = new Rnic(Options with { RateBytesPerSecond = 0 });
        using var guest = new GuestDriver { IsMediated = isMediated };
        guest.Map(device);
        device.StartDmaLog([guest.All], PageSize.Size4K);
        guest.Enable(device);
        guest.Post(device, 3);
        // Three buffers of a page each and the ring of 64 entries of 32 bytes.
        WaitForReport(device, guest, GuestDriver.DefaultCqBase >> 12, 4);
        var first = Report(device, guest);
        Assert.Equal(first, Report(device, guest));
        Assert.DoesNotContain(GuestDriver.DefaultRxBase >> 12, first);

        // Disabled it holds nothing; what it let go of comes once more.
        GuestDriver.Write32(device, 0x10, 0);
        Assert.Equal(first, Report(device, guest));
        Assert.Empty(Report(device, guest));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pages_copied_from_reports_alone_give_the_memory_of_the_source(bool isMediated)
    {
        using var device = new Rnic(Options);
        using var guest = new GuestDriver { IsMediated = isMediated };
        guest.Map(device);
        device.StartDmaLog([guest.All], PageSize.Size4K);
        guest.PostAll(device);
        guest.Enable(device);
        var copy = new byte[(int)guest.All.LengthBytes];
        for (var sequence = 100UL; sequence <= 600; sequence += 100)
        {
            guest.ConsumeUntil(device, sequence);
            CopyDirty(device, guest, copy);
        }

        device.SetState(VfioDeviceState.StopCopy);
        CopyDirty(device, guest, copy);
        guest.At(GuestDriver.DefaultRxBase, 0x10000).CopyTo(copy.AsSpan((int)GuestDriver.DefaultRxBase));
        Assert.True(guest.At(0, copy.Length).SequenceEqual(copy));
    }

    [Theory]
    [InlineData(DmaLogMode.Pinned, DmaLogMode.Pinned)]
    [InlineData(DmaLogMode.Exact, DmaLogMode.Pinned)]
    [InlineData(DmaLogMode.Pinned, DmaLogMode.Exact)]
    public void Pins_are_made_anew_where_the_device_goes_on(DmaLogMode from, DmaLogMode to)
    {
        using var source = new Rnic(Options with { LogMode = from });
        using var destination = new Rnic(Options with { LogMode = to });
        using var guest = new GuestDriver();
        guest.Map(source);
        guest.Map(destination);
        guest.Enable(source);
        guest.PostAll(source);
        guest.ConsumeUntil(source, 150);
        RnicTransfer.Load(destination, RnicTransfer.Save(source));
        destination.StartDmaLog([guest.All], PageSize.Size4K);
        guest.Release(destination);
        guest.ConsumeUntil(destination, 500);
        if (to == DmaLogMode.Pinned)
        {
            Report(destination, guest);
            Assert.Contains(GuestDriver.DefaultCqBase >> 12, Report(destination, guest));
        }
    }

    [Fact]
    public void A_source_that_goes_on_has_its_pins()
    {
        using var device = new Rnic(Options);
        using var guest = new GuestDriver();
        guest.Map(device);
        guest.Enable(device);
        guest.PostAll(device);
        guest.ConsumeUntil(device, 50);
        device.SetState(VfioDeviceState.StopCopy);
        device.SetState(VfioDeviceState.Stop);
        device.SetState(VfioDeviceState.Running);
        guest.ConsumeUntil(device, 300);
    }

    [Fact]
    public void A_ring_that_is_not_mapped_for_it_is_an_error_before_any_message()
    {
        using var device = new Rnic(Options);
        using var guest = new GuestDriver();
        guest.Map(device, new(new(0), GuestDriver.DefaultCqBase), read: true, write: true);
        guest.Map(device, new(new(GuestDriver.DefaultCqBase), 0x10000), read: true, write: false);
        guest.Map(device, new(new(GuestDriver.DefaultCqBase + 0x10000), guest.All.LengthBytes - GuestDriver.DefaultCqBase - 0x10000), read: true, write: true);
        guest.Enable(device);
        guest.PostAll(device);
        GuestDriver.WaitForStatus(device, ErrorBit);
        Assert.Equal(0UL, GuestDriver.Read64(device, 0x40));
    }

    [Fact]
    public void A_buffer_that_can_not_be_pinned_is_an_error_when_its_message_is_due()
    {
        using var device = new Rnic(Options);
        using var guest = new GuestDriver();
        guest.Map(device);
        guest.Post(device, 3);
        guest.WriteDescriptor(1, guest.All.Last.Value - 100, 4096, 0);
        guest.Enable(device);
        GuestDriver.WaitForStatus(device, ErrorBit);
        Assert.Equal(1UL, GuestDriver.Read64(device, 0x40));
    }

    [Fact]
    public void Memory_that_is_unmapped_under_its_pins_is_written_no_more()
    {
        using var device = new Rnic(Options);
        using var guest = new GuestDriver();
        guest.Map(device);
        guest.Enable(device);
        guest.PostAll(device);
        guest.ConsumeUntil(device, 50);
        device.StartDmaLog([guest.All], PageSize.Size4K);
        using var dirty = new DirtyBitmap(guest.All, PageSize.Size4K);
        device.DmaUnmap(guest.All, dirty);
        Assert.True(dirty.IsSet(GuestDriver.DefaultCqBase >> 12));
        // It may have used up what was posted before; then the next message is due with these.
        guest.Drain();
        guest.Release(device);
        GuestDriver.WaitForStatus(device, ErrorBit);
        device.Reset();
        Assert.Equal(0U, GuestDriver.Read32(device, 0x0C));
    }

    private static void WaitForReport(IVfioUserDevice device, GuestDriver guest, ulong page, int count)
    {
        for (var deadline = Environment.TickCount64 + 20_000; ;)
        {
            var pages = Report(device, guest);
            if (pages.Count >= count && pages.Contains(page))
            {
                return;
            }

            Assert.True(Environment.TickCount64 < deadline, $"Pages {string.Join(", ", pages)} are pinned.");
            Thread.Sleep(1);
        }
    }

    private static List<ulong> Report(IVfioUserDevice device, GuestDriver guest)
    {
        using var bitmap = new DirtyBitmap(guest.All, PageSize.Size4K);
        device.ReportDmaLog(guest.All, bitmap);
        var pages = new List<ulong>();
        foreach (var (first, count) in bitmap.Runs())
        {
            for (var page = first; page < first + count; page++)
            {
                pages.Add(page);
            }
        }

        return pages;
    }

    private static void CopyDirty(Rnic device, GuestDriver guest, byte[] copy)
    {
        foreach (var page in Report(device, guest))
        {
            guest.At(page * 4096, 4096).CopyTo(copy.AsSpan((int)page * 4096));
        }
    }
}

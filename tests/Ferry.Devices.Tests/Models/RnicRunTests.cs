using System.IO.Pipes;
using Ferry.Devices.Models;
using Ferry.Linux.Events;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.VfioUser;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Ferry.Devices.Tests.Models;

public sealed class RnicRunTests
{
    private static readonly RnicOptions Small = new() { DeviceStateBytes = 4096 };

    [Theory]
    [InlineData(64, 8U)]
    [InlineData(128, 64U)]
    [InlineData(4096, 8U)]
    [InlineData(4096, 4096U)]
    [InlineData(65536, 24U)]
    public void Messages_come_in_order_and_whole_over_many_turns_of_the_rings(int messageBytes, uint strideBytes)
    {
        using var device = new Rnic(Small with { MessageBytes = messageBytes });
        using var guest = new GuestDriver(messageBytes: messageBytes, strideBytes: strideBytes);
        guest.Map(device);
        guest.Enable(device);
        guest.PostAll(device);
        guest.ConsumeUntil(device, 500);
        var counters = device.Counters;
        Assert.True(counters.Operations >= 500);
        Assert.Equal(counters.Operations * (ulong)messageBytes, counters.Bytes);
    }

    [Fact]
    public void Doorbells_written_into_mapped_memory_are_seen_without_a_trap()
    {
        using var device = new Rnic(Small);
        using var guest = new GuestDriver();
        var region = device.Regions[2];
        var (offset, size) = Assert.Single(region.MappableAreas);
        guest.MappedDoorbells = MappedMemory.MapShared(region.File!, region.FileOffsetBytes + offset, size, MemoryProtection.Read | MemoryProtection.Write);
        guest.Map(device);
        guest.Enable(device);
        guest.PostAll(device);
        guest.ConsumeUntil(device, 300);
    }

    [Fact]
    public void Both_doorbell_pages_may_be_used_in_turn()
    {
        using var device = new Rnic(Small);
        using var guest = new GuestDriver();
        var region = device.Regions[2];
        using var page = MappedMemory.MapShared(region.File!, 4096, 4096, MemoryProtection.Read | MemoryProtection.Write);
        guest.Map(device);
        guest.Enable(device);
        guest.PostAll(device);
        for (var i = 1UL; i <= 10; i++)
        {
            guest.ConsumeUntil(device, i * 30);
            guest.MappedDoorbells = i % 2 == 0 ? null : page;
        }
    }

    [Fact]
    public void A_completion_interrupts_once_enabled()
    {
        using var device = new Rnic(Small);
        using var guest = new GuestDriver();
        using var signalled = new EventFile();
        device.SetInterrupts(0, 0, [new SafeFileHandle(signalled.Handle.DangerousGetHandle(), ownsHandle: false)]);
        guest.Map(device);
        guest.Enable(device);
        guest.PostAll(device);
        guest.ConsumeUntil(device, 1);
        Assert.True(SpinWait.SpinUntil(() => signalled.Take() > 0, TimeSpan.FromSeconds(30)));
        Assert.Throws<VfioUserException>(() => device.SetInterrupts(0, 1, [null]));
    }

    [Fact]
    public void An_interrupt_that_can_not_be_signalled_does_not_hold_the_device()
    {
        using var full = new AnonymousPipeServerStream(PipeDirection.Out);
        using var free = new SafeFileHandle(full.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        full.Write(new byte[65536]);
        using var device = new Rnic(Small);
        using var guest = new GuestDriver();
        device.SetInterrupts(0, 0, [free]);
        guest.Map(device);
        guest.Enable(device);
        guest.PostAll(device);
        guest.ConsumeUntil(device, 100);
        device.SetState(VfioDeviceState.Stop);
        Assert.Equal(VfioDeviceState.Stop, device.State);
    }

    [Fact]
    public void A_guest_that_gives_no_buffers_is_counted_as_a_stall_once_a_message()
    {
        using var device = new Rnic(Small);
        using var guest = new GuestDriver();
        guest.Map(device);
        guest.Post(device, 3);
        guest.Enable(device);
        Assert.True(SpinWait.SpinUntil(() => GuestDriver.Read64(device, 0x50) == 1, TimeSpan.FromSeconds(30)));
        Thread.Sleep(20);
        Assert.Equal(1UL, GuestDriver.Read64(device, 0x50));
        Assert.Equal(3UL, GuestDriver.Read64(device, 0x40));
        Assert.Equal(3UL * 4096, GuestDriver.Read64(device, 0x48));
    }

    [Fact]
    public void A_rate_of_zero_sends_nothing_and_is_no_stall()
    {
        using var device = new Rnic(Small with { RateBytesPerSecond = 0 });
        using var guest = new GuestDriver();
        guest.Map(device);
        guest.Enable(device);
        guest.PostAll(device);
        Thread.Sleep(50);
        Assert.Equal(0UL, device.Counters.Operations);
        Assert.Equal(0UL, device.Counters.Stalls);
    }

    [Fact]
    public void A_reset_begins_again_at_one_with_new_rings()
    {
        using var device = new Rnic(Small);
        using (var guest = new GuestDriver())
        {
            guest.Map(device);
            guest.Enable(device);
            guest.PostAll(device);
            guest.ConsumeUntil(device, 200);
            GuestDriver.Write32(device, 0x10, 2);
            device.DmaUnmap(guest.All, null);
        }

        Assert.Equal(0UL, GuestDriver.Read64(device, 0x40));
        Assert.Equal(0U, GuestDriver.Read32(device, 0x0C));
        using var again = new GuestDriver();
        again.Map(device);
        again.Enable(device);
        again.PostAll(device);
        again.ConsumeUntil(device, 200);
        device.Reset();
        Assert.Equal(VfioDeviceState.Running, device.State);
        Assert.Equal(0UL, device.Counters.Operations);
    }

    [Fact]
    public void Registers_show_what_the_document_says_and_keep_their_setting_while_enabled()
    {
        using var device = new Rnic(Small with { MessageBytes = 8192 });
        using var guest = new GuestDriver(messageBytes: 8192);
        Assert.Equal(0x43494E52U, GuestDriver.Read32(device, 0x00));
        Assert.Equal(1U, GuestDriver.Read32(device, 0x04));
        Assert.Equal(8192U, GuestDriver.Read32(device, 0x08));
        guest.Map(device);
        guest.Enable(device);
        Assert.Equal(1U, GuestDriver.Read32(device, 0x0C));
        Assert.Equal(1U, GuestDriver.Read32(device, 0x10));
        GuestDriver.Write64(device, 0x18, 0x40);
        GuestDriver.Write32(device, 0x20, 2);
        Assert.Equal(GuestDriver.DefaultRxBase, GuestDriver.Read64(device, 0x18));
        Assert.Equal(64U, GuestDriver.Read32(device, 0x20));
        GuestDriver.Write32(device, 0x00, 7);
        Assert.Equal(0x43494E52U, GuestDriver.Read32(device, 0x00));
        Assert.Equal(0UL, GuestDriver.Read64(device, 0xFF8));
    }

    [Theory]
    [InlineData(100, null, 0, nameof(RnicOptions.MessageBytes))]
    [InlineData(2 << 20, null, 0, nameof(RnicOptions.MessageBytes))]
    [InlineData(4096, 5, 0, nameof(RnicOptions.DeviceStateBytes))]
    [InlineData(4096, null, 5000, nameof(RnicOptions.LogMaxRanges))]
    public void Options_that_make_no_device_are_refused_by_name(int messageBytes, int? stateBytes, int ranges, string option)
    {
        var options = new RnicOptions { MessageBytes = messageBytes, DeviceStateBytes = stateBytes ?? 0, LogMaxRanges = ranges == 0 ? 1 : ranges };
        Assert.StartsWith(option, Assert.Single(options.Validate()), StringComparison.Ordinal);
        Assert.Contains(option, Assert.Throws<ArgumentException>(() => new Rnic(options)).Message, StringComparison.Ordinal);
        Assert.StartsWith(nameof(RnicOptions.LogPageSizes), Assert.Single(new RnicOptions { LogPageSizes = [] }.Validate()), StringComparison.Ordinal);
        Assert.Empty(new RnicOptions { LogPageSizes = [], DmaLogging = false }.Validate());
    }
}

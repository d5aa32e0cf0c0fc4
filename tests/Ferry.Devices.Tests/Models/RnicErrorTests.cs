using Ferry.Devices.Models;
using Xunit;

namespace Ferry.Devices.Tests.Models;

/// <summary>A guest that is wrong or hostile: the device stops, says so, and a reset makes it usable again.</summary>
public class RnicErrorTests
{
    private const uint Error = 2;
    private const ulong End = 8 << 20;

    private static readonly RnicOptions Options = new() { DeviceStateBytes = 4096 };

    /// <summary>Whether memory is reached by messages.</summary>
    protected virtual bool IsMediated => false;

    public static TheoryData<string, ulong, uint> Descriptors => new()
    {
        { "behind all memory", End, 4096 },
        { "far outside", 0x7FFF_0000_0000, 4096 },
        { "ends behind memory", End - 2048, 4096 },
        { "wraps", ulong.MaxValue - 100, 4096 },
        { "the last byte of all", ulong.MaxValue, 4096 },
        { "empty", GuestDriver.Buffers, 0 },
        { "too short by one", GuestDriver.Buffers, 4095 },
    };

    [Theory]
    [MemberData(nameof(Descriptors))]
    public void A_descriptor_that_can_not_be_used_stops_the_device_and_nothing_is_written(string what, ulong address, uint length)
    {
        using var device = new Rnic(Options);
        using var guest = NewGuest();
        guest.Map(device);
        guest.Enable(device);
        guest.WriteDescriptor(0, address, length, 0);
        var before = guest.At(0, (int)End).ToArray();
        guest.Ring(device, 0, 1);
        GuestDriver.WaitForStatus(device, Error);
        Assert.True(guest.At(0, (int)End).SequenceEqual(before), what);
        Assert.Equal(0UL, device.Counters.Operations);
        Assert.True(device.Counters.HasFailed);
        AssertWorksAfterReset(device, guest);
    }

    [Theory]
    [InlineData(0x00, 65U)]
    [InlineData(0x00, 0x7FFF_FFFFU)]
    [InlineData(0x40, 1U)]
    [InlineData(0x40, 0x7000_0000U)]
    public void A_doorbell_that_claims_more_than_the_ring_holds_is_an_error(int doorbell, uint value)
    {
        using var device = new Rnic(Options);
        using var guest = NewGuest();
        guest.Map(device);
        guest.Enable(device);
        guest.Ring(device, doorbell, value);
        GuestDriver.WaitForStatus(device, Error);
        Assert.Equal(0UL, device.Counters.Operations);
        AssertWorksAfterReset(device, guest);
    }

    [Fact]
    public void A_doorbell_that_goes_back_is_left_alone()
    {
        using var device = new Rnic(Options);
        using var guest = NewGuest();
        guest.Map(device);
        guest.Enable(device);
        guest.PostAll(device);
        guest.ConsumeUntil(device, 100);
        guest.Ring(device, 0x00, 1);
        guest.Ring(device, 0x40, 0x9000_0000);
        guest.ConsumeUntil(device, 300);
    }

    [Theory]
    [InlineData(0x14, 0UL)]
    [InlineData(0x14, 12UL)]
    [InlineData(0x18, 0x10008UL)]
    [InlineData(0x18, 0xFFFF_FFFF_FFFF_FFC0UL)]
    [InlineData(0x20, 3UL)]
    [InlineData(0x20, 1UL)]
    [InlineData(0x20, 0x20000UL)]
    [InlineData(0x20, 0UL)]
    [InlineData(0x30, 0x8000_0000UL)]
    public void Rings_and_strides_that_are_none_are_refused_when_enabled(int register, ulong value)
    {
        using var device = new Rnic(Options);
        using var guest = NewGuest();
        guest.Map(device);
        guest.Enable(device);
        GuestDriver.Write32(device, 0x10, 2);
        guest.Setup(device);
        if (register is 0x18 or 0x28)
        {
            GuestDriver.Write64(device, (ulong)register, value);
        }
        else
        {
            GuestDriver.Write32(device, (ulong)register, (uint)value);
        }

        GuestDriver.Write32(device, 0x10, 1);
        Assert.Equal(Error, GuestDriver.Read32(device, 0x0C));
        GuestDriver.Write32(device, 0x10, 1);
        Assert.Equal(Error, GuestDriver.Read32(device, 0x0C));
        AssertWorksAfterReset(device, guest);
    }

    [Theory]
    [InlineData(0x18)]
    [InlineData(0x28)]
    public void A_ring_outside_of_mapped_memory_is_an_error_when_it_is_used(int register)
    {
        using var device = new Rnic(Options);
        using var guest = NewGuest();
        guest.Map(device);
        guest.Setup(device);
        GuestDriver.Write64(device, (ulong)register, End - 64);
        GuestDriver.Write32(device, 0x10, 1);
        guest.Ring(device, 0, 5);
        GuestDriver.WaitForStatus(device, Error);
        AssertWorksAfterReset(device, guest);
    }

    [Fact]
    public void Memory_that_may_only_be_read_is_not_written()
    {
        using var device = new Rnic(Options);
        using var guest = NewGuest();
        guest.Map(device, new(new(0), 0x100000), read: true, write: true);
        guest.Map(device, new(new(0x100000), End - 0x100000), read: true, write: false);
        guest.Enable(device);
        guest.PostAll(device);
        GuestDriver.WaitForStatus(device, Error);
        Assert.False(guest.At(GuestDriver.Buffers, 4096).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Unmapping_under_a_running_device_stops_it_cleanly()
    {
        using var device = new Rnic(Options);
        for (var i = 0; i < 20; i++)
        {
            using var guest = NewGuest();
            guest.Map(device);
            guest.Enable(device);
            guest.PostAll(device);
            guest.ConsumeUntil(device, 20);
            guest.PostAll(device);
            device.DmaUnmap(guest.All, null);
            var before = guest.At(0, (int)End).ToArray();
            GuestDriver.Write32(device, 0x10, 2);
            Assert.True(guest.At(0, (int)End).SequenceEqual(before));
        }
    }

    [Fact]
    public void A_message_may_span_two_mappings()
    {
        using var device = new Rnic(Options);
        using var guest = NewGuest();
        guest.BufferOf = index => GuestDriver.Buffers + 2048 + (index % 64 * 4096);
        guest.Map(device, new(new(0), 0x101000), read: true, write: true);
        guest.Map(device, new(new(0x101000), 0x1000), read: false, write: true);
        guest.Map(device, new(new(0x102000), End - 0x102000), read: true, write: true);
        guest.Enable(device);
        guest.PostAll(device);
        guest.ConsumeUntil(device, 100);
    }

    private GuestDriver NewGuest() => new() { IsMediated = IsMediated };

    private void AssertWorksAfterReset(Rnic device, GuestDriver guest)
    {
        GuestDriver.Write32(device, 0x10, 2);
        Assert.Equal(0U, GuestDriver.Read32(device, 0x0C));
        using var again = NewGuest();
        device.DmaUnmap(guest.All, null);
        again.Map(device);
        again.Enable(device);
        again.PostAll(device);
        again.ConsumeUntil(device, 100);
    }
}

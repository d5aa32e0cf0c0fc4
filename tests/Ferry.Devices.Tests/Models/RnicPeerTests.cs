using Ferry.Devices.Models;
using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Devices.Tests.Models;

/// <summary>Devices that write into one another by peer-to-peer DMA, and a sequence that shows when one of these writes was lost.</summary>
public sealed class RnicPeerTests
{
    private const ulong Mailbox = 0x4000_0000;
    private const ulong MailboxBytes = 64 << 10;
    private const ulong PeerBase = 0x58;
    private const ulong LastMail = 0x60;
    private const uint ErrorBit = 2;
    private const uint MailMissingBit = 8;

    private static readonly RnicOptions Options = new() { DeviceStateBytes = 0, MessageBytes = 4096, RateBytesPerSecond = 64 << 20 };

    [Fact]
    public void Each_message_leaves_its_number_with_the_peer()
    {
        using var receiver = new Rnic(Options);
        using var sender = new Rnic(Options);
        using var guest = Sending(sender, receiver);
        guest.ConsumeUntil(sender, 20_000);
        WaitForMail(receiver, 20_000);
        Assert.Equal(0U, GuestDriver.Read32(receiver, 0x0C) & ErrorBit);
        Assert.Equal(0U, GuestDriver.Read32(sender, 0x0C) & ErrorBit);
    }

    /// <summary>In a P2P state it writes neither guest memory, since each message has a number to leave, nor the peer.</summary>
    [Theory]
    [InlineData(VfioDeviceState.RunningP2P, VfioDeviceState.Running)]
    [InlineData(VfioDeviceState.PreCopyP2P, VfioDeviceState.PreCopy)]
    public void In_the_grace_nothing_is_sent_and_afterwards_it_goes_on(VfioDeviceState grace, VfioDeviceState after)
    {
        using var receiver = new Rnic(Options);
        using var sender = new Rnic(Options);
        using var guest = Sending(sender, receiver);
        guest.ConsumeUntil(sender, 100);
        sender.SetState(grace);
        guest.Drain();
        guest.Release(sender);
        var sent = sender.Counters.Operations;
        Thread.Sleep(50);
        Assert.Equal(sent, sender.Counters.Operations);
        sender.SetState(after);
        guest.ConsumeUntil(sender, sent + 100);
        WaitForMail(receiver, sent + 100);
        Assert.Equal(0U, GuestDriver.Read32(receiver, 0x0C) & ErrorBit);
    }

    [Fact]
    public void Both_move_and_the_numbers_go_on_where_the_sender_waited_in_its_grace()
    {
        using var receiver = new Rnic(Options);
        using var sender = new Rnic(Options);
        using var guest = Sending(sender, receiver);
        guest.ConsumeUntil(sender, 300);
        sender.SetState(VfioDeviceState.RunningP2P);
        using var newReceiver = new Rnic(Options);
        RnicTransfer.Load(newReceiver, RnicTransfer.Save(receiver));
        using var newSender = Moved(sender, newReceiver, guest);
        guest.ConsumeUntil(newSender, 9_000);
        WaitForMail(newReceiver, 9_000);
        Assert.Equal(0U, GuestDriver.Read32(newReceiver, 0x0C) & ErrorBit);
    }

    /// <summary>What the planner's order is there to prevent.</summary>
    [Fact]
    public void A_write_to_a_device_that_was_stopped_first_is_missed_on_the_other_side()
    {
        using var receiver = new Rnic(Options);
        using var sender = new Rnic(Options);
        using var guest = Sending(sender, receiver);
        guest.ConsumeUntil(sender, 300);
        var state = RnicTransfer.Save(receiver);
        guest.ConsumeUntil(sender, 400);
        using var newReceiver = new Rnic(Options);
        RnicTransfer.Load(newReceiver, state);
        using var newSender = Moved(sender, newReceiver, guest);
        guest.ConsumeUntil(newSender, 450);
        GuestDriver.WaitForStatus(newReceiver, ErrorBit);
        Assert.Equal(MailMissingBit, GuestDriver.Read32(newReceiver, 0x0C) & MailMissingBit);
    }

    [Fact]
    public void A_peer_that_is_not_mapped_or_not_aligned_is_a_fault_of_the_sender()
    {
        using var unaligned = new Rnic(Options);
        using var guest = new GuestDriver();
        guest.Map(unaligned);
        GuestDriver.Write64(unaligned, PeerBase, Mailbox + 4);
        guest.Enable(unaligned);
        GuestDriver.WaitForStatus(unaligned, ErrorBit);
        using var unmapped = new Rnic(Options);
        guest.Map(unmapped);
        GuestDriver.Write64(unmapped, PeerBase, Mailbox);
        guest.Enable(unmapped);
        guest.PostAll(unmapped);
        GuestDriver.WaitForStatus(unmapped, ErrorBit);
        Assert.Equal(0UL, unmapped.Counters.Operations);
    }

    private static Rnic Moved(Rnic sender, Rnic receiver, GuestDriver guest)
    {
        var moved = new Rnic(Options);
        guest.Map(moved);
        MapMailbox(moved, receiver);
        RnicTransfer.Load(moved, RnicTransfer.Save(sender));
        guest.Drain();
        guest.Release(moved);
        return moved;
    }

    private static GuestDriver Sending(Rnic sender, Rnic receiver)
    {
        var guest = new GuestDriver();
        guest.Map(sender);
        MapMailbox(sender, receiver);
        GuestDriver.Write64(sender, PeerBase, Mailbox);
        guest.Enable(sender);
        guest.PostAll(sender);
        return guest;
    }

    private static void MapMailbox(Rnic sender, Rnic receiver) =>
        sender.DmaMap(new(new(Mailbox), MailboxBytes), 0, read: true, write: true, GuestDriver.Reopen(receiver.Regions[4].File!));

    private static void WaitForMail(Rnic receiver, ulong sequence) => Assert.True(
        SpinWait.SpinUntil(() => GuestDriver.Read64(receiver, LastMail) >= sequence, TimeSpan.FromSeconds(30)), $"{GuestDriver.Read64(receiver, LastMail)} of {sequence} came.");
}

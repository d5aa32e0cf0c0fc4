using Ferry.Devices.Models;
using Ferry.Linux.Vfio;
using Ferry.VfioUser;
using Xunit;

namespace Ferry.Devices.Tests.Models;

public sealed class RnicMigrationTests
{
    private const int Invalid = 22;

    private static readonly RnicOptions Options = new() { DeviceStateBytes = 256 << 10 };

    [Theory]
    [InlineData(0)]
    [InlineData(1 << 20)]
    [InlineData(64 << 20)]
    public void The_sequence_goes_on_where_it_was_on_another_device(int stateBytes)
    {
        var options = Options with { DeviceStateBytes = stateBytes, Seed = 77 };
        using var source = new Rnic(options);
        using var destination = new Rnic(options with { Seed = 1 });
        using var guest = new GuestDriver();
        guest.Map(source);
        guest.Map(destination);
        guest.Enable(source);
        guest.PostAll(source);
        guest.ConsumeUntil(source, 100);

        source.SetState(VfioDeviceState.PreCopy);
        destination.SetState(VfioDeviceState.Resuming);
        var moved = Pump(source, destination);
        Assert.True(moved >= stateBytes);
        guest.ConsumeUntil(source, 300);
        moved = Pump(source, destination);
        // At most the one chunk that the connections of these messages share, again for each message that came meanwhile.
        Assert.True(moved <= 70 * 66_000, $"The second round moved {moved} bytes.");
        source.SetState(VfioDeviceState.PreCopyP2P);
        guest.ConsumeUntil(source, 350);
        source.SetState(VfioDeviceState.StopCopy);
        var estimate = source.EstimateStopCopyBytes();
        Assert.Equal(estimate, (ulong)Pump(source, destination));
        destination.SetState(VfioDeviceState.Running);

        guest.Release(destination);
        guest.ConsumeUntil(destination, 1000);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Devices_without_pre_copy_or_P2P_move_too_and_refuse_the_states_they_lack(bool p2p, bool preCopy)
    {
        var options = Options with { P2P = p2p, PreCopy = preCopy };
        using var source = new Rnic(options);
        using var destination = new Rnic(options);
        using var guest = new GuestDriver();
        guest.Map(source);
        guest.Map(destination);
        guest.Enable(source);
        guest.PostAll(source);
        guest.ConsumeUntil(source, 70);
        foreach (var state in Enum.GetValues<VfioDeviceState>().Where(state => !VfioStateArcs.IsSupported(state, source.Migration)))
        {
            Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => source.SetState(state)).Errno);
            Assert.Equal(VfioDeviceState.Running, source.State);
        }

        RnicTransfer.Load(destination, RnicTransfer.Save(source));
        guest.Release(destination);
        guest.ConsumeUntil(destination, 200);
    }

    [Fact]
    public void A_source_that_is_rolled_back_goes_on_from_every_state()
    {
        using var source = new Rnic(Options);
        using var guest = new GuestDriver();
        guest.Map(source);
        guest.Enable(source);
        guest.PostAll(source);
        var until = 0UL;
        foreach (var state in new[] { VfioDeviceState.PreCopy, VfioDeviceState.PreCopyP2P, VfioDeviceState.StopCopy, VfioDeviceState.Stop })
        {
            source.SetState(state);
            Assert.NotEqual(0, state == VfioDeviceState.Stop ? 1 : source.ReadMigrationData(new byte[1000]));
            source.SetState(VfioDeviceState.Running);
            guest.Release(source);
            guest.ConsumeUntil(source, until += 100);
        }

        // A session that was given up leaves nothing out of the next one.
        using var destination = new Rnic(Options);
        guest.Map(destination);
        RnicTransfer.Load(destination, RnicTransfer.Save(source));
        guest.Release(destination);
        guest.ConsumeUntil(destination, until + 200);
    }

    [Theory]
    [InlineData(VfioDeviceState.Stop)]
    [InlineData(VfioDeviceState.StopCopy)]
    public void Nothing_is_written_once_the_device_has_stopped(VfioDeviceState stopped)
    {
        using var device = new Rnic(Options);
        using var guest = new GuestDriver(memoryBytes: 4 << 20);
        guest.Map(device);
        guest.Enable(device);
        for (var i = 0; i < 30; i++)
        {
            guest.Release(device);
            guest.ConsumeUntil(device, guest.LastSequence + 1);
            device.SetState(stopped);
            var before = guest.At(0, 4 << 20).ToArray();
            Thread.Sleep(2);
            Assert.True(guest.At(0, 4 << 20).SequenceEqual(before), $"Guest memory changed in {stopped}, round {i}.");
            guest.Drain();
            device.SetState(VfioDeviceState.Running);
        }
    }

    [Fact]
    public void In_the_P2P_states_it_still_writes_memory()
    {
        using var device = new Rnic(Options);
        using var guest = new GuestDriver();
        guest.Map(device);
        guest.Enable(device);
        guest.PostAll(device);
        device.SetState(VfioDeviceState.RunningP2P);
        guest.ConsumeUntil(device, 100);
        device.SetState(VfioDeviceState.PreCopyP2P);
        guest.ConsumeUntil(device, 200);
    }

    [Fact]
    public void A_sequence_that_was_lost_is_seen_by_the_guest_at_the_next_message()
    {
        using var source = new Rnic(Options with { DeviceStateBytes = 0 });
        using var destination = new Rnic(Options with { DeviceStateBytes = 0 });
        using var guest = new GuestDriver();
        guest.Map(source);
        guest.Map(destination);
        guest.Enable(source);
        guest.PostAll(source);
        guest.ConsumeUntil(source, 128);
        var forged = StateForgery.WithoutSequence(RnicTransfer.Save(source));
        guest.Drain();
        RnicTransfer.Load(destination, forged);
        guest.Release(destination);
        var seen = Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => guest.ConsumeUntil(destination, 300));
        Assert.Contains($"{guest.LastSequence + 1}", seen.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_lost_everything_does_not_follow_doorbells_that_it_never_saw()
    {
        using var source = new Rnic(Options);
        using var destination = new Rnic(Options);
        using var guest = new GuestDriver();
        guest.Map(source);
        guest.Map(destination);
        guest.Enable(source);
        guest.PostAll(source);
        guest.ConsumeUntil(source, 128);
        source.SetState(VfioDeviceState.Stop);
        guest.Drain();
        guest.Release(destination);
        guest.Enable(destination);
        GuestDriver.WaitForStatus(destination, 2);
        Assert.Equal(0UL, destination.Counters.Operations);
    }

    [Fact]
    public void A_stale_piece_of_the_large_state_is_found_by_the_device_itself()
    {
        using var source = new Rnic(Options with { DeviceStateBytes = 64 });
        using var destination = new Rnic(Options with { DeviceStateBytes = 64 });
        using var guest = new GuestDriver();
        guest.Map(source);
        guest.Map(destination);
        guest.Enable(source);
        source.SetState(VfioDeviceState.PreCopy);
        var early = RnicTransfer.ReadAll(source);
        guest.PostAll(source);
        guest.ConsumeUntil(source, 10);
        source.SetState(VfioDeviceState.StopCopy);
        var late = RnicTransfer.ReadAll(source);

        // The late piece of the connections is left out, and the rest renumbered so that only the device's own check can tell.
        var forged = StateForgery.WithoutPiece([.. early, .. late], piece: 1);
        guest.Drain();
        RnicTransfer.Load(destination, forged);
        guest.Release(destination);
        GuestDriver.WaitForStatus(destination, 4);
    }

    [Theory]
    [InlineData(0x7FFF_FFE0U)]
    [InlineData(0xFFFF_FFE0U)]
    public void Indices_go_on_over_the_middle_and_the_end_of_their_range(uint index)
    {
        var options = Options with { DeviceStateBytes = 0 };
        using var source = new Rnic(options);
        using var destination = new Rnic(options);
        using var guest = new GuestDriver { FirstIndex = index };
        guest.Enable(source);
        // The mapped doorbell page was never used: what it holds, 0, is ahead of the indices once they are beyond 2^31.
        RnicTransfer.Load(destination, StateForgery.WithIndices(RnicTransfer.Save(source), index));
        guest.Map(destination);
        guest.Release(destination);
        guest.ConsumeUntil(destination, 500);
    }

    [Fact]
    public void State_that_was_cut_anywhere_is_refused_and_only_a_reset_leads_on()
    {
        using var source = new Rnic(Options);
        using var destination = new Rnic(Options);
        var state = RnicTransfer.Save(source);
        for (var length = 0; length < state.Length; length += Math.Max(1, Math.Min(length, 9_973)))
        {
            var refused = Assert.Throws<VfioUserException>(() => RnicTransfer.Load(destination, state.AsSpan(0, length), VfioDeviceState.Stop));
            Assert.Equal(Invalid, refused.Errno);
            Assert.Equal(VfioDeviceState.Error, destination.State);
            Assert.Throws<VfioUserException>(() => destination.SetState(VfioDeviceState.Running));
            destination.Reset();
            Assert.Equal(VfioDeviceState.Running, destination.State);
        }

        RnicTransfer.Load(destination, state);
    }

    [Fact]
    public void State_that_was_altered_in_one_bit_is_refused()
    {
        var options = Options with { DeviceStateBytes = 64 };
        using var source = new Rnic(options);
        using var destination = new Rnic(options);
        var state = RnicTransfer.Save(source);
        for (var bit = 0; bit < state.Length * 8; bit += 3)
        {
            var altered = state.ToArray();
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<VfioUserException>(() => RnicTransfer.Load(destination, altered, VfioDeviceState.Stop));
            Assert.NotEqual(VfioDeviceState.Stop, destination.State);
            destination.Reset();
        }
    }

    [Fact]
    public void State_of_another_size_or_message_length_is_refused_and_the_reason_says_both()
    {
        using var source = new Rnic(Options);
        var state = RnicTransfer.Save(source);
        using var larger = new Rnic(Options with { DeviceStateBytes = 512 << 10 });
        var refused = Assert.Throws<VfioUserException>(() => RnicTransfer.Load(larger, state));
        Assert.Contains("262144", refused.Message, StringComparison.Ordinal);
        Assert.Contains("524288", refused.Message, StringComparison.Ordinal);
        using var other = new Rnic(Options with { MessageBytes = 8192 });
        Assert.Contains("8192", Assert.Throws<VfioUserException>(() => RnicTransfer.Load(other, state)).Message, StringComparison.Ordinal);
        Assert.Equal(VfioDeviceState.Error, other.State);
    }

    [Fact]
    public void State_is_neither_read_nor_written_in_a_state_that_has_none()
    {
        using var device = new Rnic(Options);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => device.ReadMigrationData(new byte[10])).Errno);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => device.WriteMigrationData(new byte[10])).Errno);
        device.SetState(VfioDeviceState.StopCopy);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => device.WriteMigrationData(new byte[10])).Errno);
        RnicTransfer.ReadAll(device);
        Assert.Equal(0, device.ReadMigrationData(new byte[10]));
        device.SetState(VfioDeviceState.Running);
        Assert.Equal(Invalid, Assert.Throws<VfioUserException>(() => device.ReadMigrationData(new byte[10])).Errno);
    }

    [Fact]
    public void Streaming_a_large_state_allocates_nothing()
    {
        using var source = new Rnic(Options with { DeviceStateBytes = 64 << 20 });
        using var destination = new Rnic(Options with { DeviceStateBytes = 64 << 20 });
        source.SetState(VfioDeviceState.StopCopy);
        destination.SetState(VfioDeviceState.Resuming);
        var piece = new byte[1 << 16];
        var length = source.ReadMigrationData(piece);
        destination.WriteMigrationData(piece.AsSpan(0, length));
        var before = GC.GetAllocatedBytesForCurrentThread();
        while ((length = source.ReadMigrationData(piece)) > 0)
        {
            destination.WriteMigrationData(piece.AsSpan(0, length));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        destination.SetState(VfioDeviceState.Stop);
    }

    private static long Pump(Rnic source, Rnic destination)
    {
        var piece = new byte[5000];
        long moved = 0;
        for (var length = source.ReadMigrationData(piece); length > 0; length = source.ReadMigrationData(piece))
        {
            destination.WriteMigrationData(piece.AsSpan(0, length));
            moved += length;
        }

        return moved;
    }
}

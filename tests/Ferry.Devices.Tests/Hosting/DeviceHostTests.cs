using Ferry.Devices.Models;
using Ferry.Devices.Tests.Models;
using Ferry.Linux.Events;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;
using Ferry.VfioUser.Client;
using Xunit;

namespace Ferry.Devices.Tests.Hosting;

public sealed class DeviceHostTests
{
    private static readonly RnicOptions Options = new() { DeviceStateBytes = 1 << 20 };

    [Fact]
    public void A_device_moves_between_two_servers_and_its_reports_rebuild_the_memory()
    {
        using var source = new ServedRnic(Options);
        using var destination = new ServedRnic(Options with { Seed = 99 });
        using var guest = new GuestDriver();
        using var bitmap = new DirtyBitmap(guest.All, PageSize.Size4K);
        using var signalled = new EventFile();
        guest.Map(source);
        guest.Map(destination);
        source.SetInterrupts(0, 0, [signalled.Handle]);
        source.StartDmaLog([guest.All], PageSize.Size4K);
        guest.PostAll(source);
        guest.Enable(source);
        source.SetState(VfioDeviceState.PreCopy);
        destination.SetState(VfioDeviceState.Resuming);
        var copy = new byte[8 << 20];
        for (var sequence = 50UL; sequence <= 300; sequence += 50)
        {
            guest.ConsumeUntil(source, sequence);
            destination.WriteMigrationData(RnicTransfer.ReadAll(source));
            CopyDirty(source, guest, bitmap, copy);
        }

        source.SetState(VfioDeviceState.PreCopyP2P);
        source.SetState(VfioDeviceState.StopCopy);
        Assert.Equal(VfioDeviceState.StopCopy, source.State);
        CopyDirty(source, guest, bitmap, copy);
        source.StopDmaLog();
        guest.At(GuestDriver.DefaultRxBase, 0x10000).CopyTo(copy.AsSpan((int)GuestDriver.DefaultRxBase));
        Assert.True(guest.At(0, copy.Length).SequenceEqual(copy));
        Assert.True(signalled.Take() > 0);

        destination.WriteMigrationData(RnicTransfer.ReadAll(source));
        destination.SetState(VfioDeviceState.Stop);
        destination.SetState(VfioDeviceState.RunningP2P);
        destination.SetState(VfioDeviceState.Running);
        guest.Release(destination);
        guest.ConsumeUntil(destination, 600);
        Assert.Empty(source.Errors);
        Assert.Empty(destination.Errors);
    }

    [Fact]
    public void The_mapped_doorbell_page_travels_as_a_descriptor()
    {
        using var device = new ServedRnic(Options);
        using var guest = new GuestDriver();
        using var region = device.Client.MapRegion(2);
        var (offset, memory) = Assert.Single(region.Areas);
        Assert.Equal(4096UL, offset);
        guest.MappedDoorbells = memory;
        guest.Map(device);
        guest.Enable(device);
        guest.PostAll(device);
        guest.ConsumeUntil(device, 200);
    }

    [Fact]
    public void Memory_without_a_descriptor_is_written_by_the_client_and_the_device_still_stops()
    {
        var handler = new Performer();
        using var device = new ServedRnic(Options with { MessageBytes = 256 }, handler);
        using var guest = new GuestDriver(messageBytes: 256);
        handler.Guest = guest;
        device.Client.MapDma(guest.All, 0, read: true, write: true, null);
        guest.Enable(device);
        guest.PostAll(device);
        for (var sequence = 20UL; sequence <= 100; sequence += 20)
        {
            guest.ConsumeUntil(device, sequence);
            device.SetState(VfioDeviceState.Stop);
            guest.Drain();
            var last = guest.LastSequence;
            guest.Release(device);
            Thread.Sleep(5);
            guest.Drain();
            Assert.Equal(last, guest.LastSequence);
            device.SetState(VfioDeviceState.Running);
        }

        device.Client.UnmapDma(guest.All);
        Assert.Empty(device.Errors);
    }

    [Fact]
    public void The_next_client_finds_the_device_as_new_whatever_the_last_one_left()
    {
        using var device = new ServedRnic(Options);
        using (var guest = new GuestDriver())
        {
            guest.Map(device);
            device.StartDmaLog([guest.All], PageSize.Size4K);
            guest.Enable(device);
            guest.PostAll(device);
            guest.ConsumeUntil(device, 100);
            device.SetState(VfioDeviceState.StopCopy);
            device.ReadMigrationData(new byte[100]);
            device.Reconnect();
        }

        Assert.Equal(VfioDeviceState.Running, device.State);
        Assert.Equal(0UL, GuestDriver.Read64(device, 0x40));
        Assert.Equal(0, device.Device.Counters.DmaMaps);
        Assert.False(device.Device.Counters.IsLogging);
        using var next = new GuestDriver();
        next.Map(device);
        next.Enable(device);
        next.PostAll(device);
        next.ConsumeUntil(device, 100);
    }

    [Fact]
    public void Refused_state_is_an_error_for_the_client_and_a_reset_helps()
    {
        using var device = new ServedRnic(Options);
        device.SetState(VfioDeviceState.Resuming);
        device.WriteMigrationData(RnicTransferState().AsSpan(0, 500));
        Assert.Equal(22, Assert.Throws<VfioUserException>(() => device.SetState(VfioDeviceState.Running)).Errno);
        Assert.Equal(VfioDeviceState.Error, device.State);
        device.Reset();
        Assert.Equal(VfioDeviceState.Running, device.State);
    }

    private static byte[] RnicTransferState()
    {
        using var other = new Rnic(Options);
        return RnicTransfer.Save(other);
    }

    private static void CopyDirty(ServedRnic device, GuestDriver guest, DirtyBitmap bitmap, byte[] copy)
    {
        bitmap.Clear();
        device.ReportDmaLog(guest.All, bitmap);
        foreach (var (first, count) in bitmap.Runs())
        {
            guest.At(first * 4096, (int)count * 4096).CopyTo(copy.AsSpan((int)first * 4096));
        }
    }

    private sealed class Performer : IDmaHandler
    {
        public GuestDriver? Guest { get; set; }

        public bool TryRead(Iova start, Span<byte> data)
        {
            Guest!.At(start.Value, data.Length).CopyTo(data);
            return true;
        }

        public bool TryWrite(Iova start, ReadOnlySpan<byte> data)
        {
            data.CopyTo(Guest!.At(start.Value, data.Length));
            return true;
        }
    }
}

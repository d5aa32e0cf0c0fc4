using Ferry.Devices.Models;
using Ferry.Devices.Tests.Hosting;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser.Client;
using Xunit;

namespace Ferry.Devices.Tests.Models;

/// <summary>An rnic that reaches memory by messages, which may take long or be refused.</summary>
public sealed class RnicMediatedTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private static readonly RnicOptions Options = new() { DeviceStateBytes = 4096, MessageBytes = 1024 };

    [Theory]
    [InlineData(VfioDeviceState.Stop)]
    [InlineData(VfioDeviceState.StopCopy)]
    public void An_arc_that_stops_it_waits_for_the_message_under_way_and_none_comes_then(VfioDeviceState stopped)
    {
        using var guest = new GuestDriver(messageBytes: 1024);
        using var handler = new Performer(guest);
        using var device = new ServedRnic(Options, handler);
        device.Client.MapDma(guest.All, 0, read: true, write: true, null);
        guest.Enable(device);
        guest.PostAll(device);
        guest.ConsumeUntil(device, 50);
        // The next message is that of a buffer which is posted now, if none is under way.
        handler.HoldNext();
        guest.Drain();
        guest.Release(device);
        Assert.True(handler.Held.Wait(Soon, TestContext.Current.CancellationToken));

        // The server's thread waits for the worker, which waits for the answer to its message.
        var stopping = new Thread(() => device.SetState(stopped));
        stopping.Start();
        Assert.False(stopping.Join(TimeSpan.FromMilliseconds(100)));
        handler.Release.Set();
        Assert.True(stopping.Join(Soon));
        var calls = handler.Calls;
        guest.Drain();
        guest.Release(device);
        Thread.Sleep(50);
        Assert.Equal(calls, handler.Calls);
        device.SetState(VfioDeviceState.Running);
        guest.ConsumeUntil(device, guest.LastSequence + 100);
        Assert.Empty(device.Errors);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_message_that_is_refused_is_a_failed_DMA_and_a_reset_helps(int refused)
    {
        using var guest = new GuestDriver(messageBytes: 1024);
        using var handler = new Performer(guest) { RefusedCall = refused };
        using var device = new ServedRnic(Options, handler);
        device.Client.MapDma(guest.All, 0, read: true, write: true, null);
        guest.Enable(device);
        guest.PostAll(device);
        GuestDriver.WaitForStatus(device, 2);
        Assert.Equal(0UL, device.Device.Counters.Operations);
        GuestDriver.Write32(device, 0x10, 2);
        using var again = new GuestDriver(messageBytes: 1024);
        device.Client.UnmapDma(guest.All);
        handler.Guest = again;
        device.Client.MapDma(again.All, 0, read: true, write: true, null);
        again.Enable(device);
        again.PostAll(device);
        again.ConsumeUntil(device, 100);
        Assert.Empty(device.Errors);
    }

    [Fact]
    public void A_client_that_goes_while_a_message_is_under_way_leaves_a_device_for_the_next()
    {
        using var guest = new GuestDriver(messageBytes: 1024);
        using var handler = new Performer(guest);
        using var device = new ServedRnic(Options, handler);
        device.Client.MapDma(guest.All, 0, read: true, write: true, null);
        handler.HoldNext();
        guest.Enable(device);
        guest.PostAll(device);
        Assert.True(handler.Held.Wait(Soon, TestContext.Current.CancellationToken));
        var leaving = new Thread(device.Reconnect);
        leaving.Start();
        Thread.Sleep(20);
        handler.Release.Set();
        Assert.True(leaving.Join(Soon));
        using var next = new GuestDriver(messageBytes: 1024);
        next.Map(device);
        next.Enable(device);
        next.PostAll(device);
        next.ConsumeUntil(device, 100);
    }

    /// <summary>The device's own log knows of messages too, and of the one that was under way when its memory was taken back.</summary>
    [Fact]
    public void What_was_written_by_messages_is_in_the_log_also_beside_unmapping()
    {
        for (var i = 0; i < 20; i++)
        {
            using var guest = new GuestDriver(messageBytes: 1024);
            using var handler = new Performer(guest);
            using var device = new ServedRnic(Options, handler);
            device.Client.MapDma(guest.All, 0, read: true, write: true, null);
            device.StartDmaLog([guest.All], PageSize.Size4K);
            guest.Enable(device);
            guest.PostAll(device);
            guest.ConsumeUntil(device, 20);
            guest.PostAll(device);
            using var dirty = new DirtyBitmap(guest.All, PageSize.Size4K);
            device.DmaUnmap(guest.All, dirty);
            var calls = handler.Calls;
            Assert.All(handler.Written, address => Assert.True(dirty.IsSet(address >> 12), $"0x{address:x} was written and is not in the log"));
            Assert.True(handler.Written.Count > 2);
            GuestDriver.Write32(device, 0x10, 2);
            Assert.Equal(calls, handler.Calls);
        }
    }

    private sealed class Performer(GuestDriver guest) : IDmaHandler, IDisposable
    {
        private volatile bool _holds;
        private int _calls;

        public GuestDriver Guest { get; set; } = guest;

        public int RefusedCall { get; init; } = -1;

        public int Calls => Volatile.Read(ref _calls);

        /// <summary>The first byte of each write.</summary>
        public List<ulong> Written { get; } = [];

        public ManualResetEventSlim Held { get; } = new();

        public ManualResetEventSlim Release { get; } = new();

        public void HoldNext() => _holds = true;

        public bool TryRead(Iova start, Span<byte> data) => MayGoOn() && Guest.TryRead(start, data);

        public bool TryWrite(Iova start, ReadOnlySpan<byte> data)
        {
            Written.Add(start.Value);
            return MayGoOn() && Guest.TryWrite(start, data);
        }

        public void Dispose()
        {
            Held.Dispose();
            Release.Dispose();
        }

        private bool MayGoOn()
        {
            if (_holds)
            {
                _holds = false;
                Held.Set();
                Release.Wait(Soon);
            }

            return Interlocked.Increment(ref _calls) - 1 != RefusedCall;
        }
    }
}

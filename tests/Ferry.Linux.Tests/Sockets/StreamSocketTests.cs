using System.Net;
using System.Runtime.InteropServices;
using Ferry.Linux.Sockets;
using Ferry.Memory;
using Xunit;

namespace Ferry.Linux.Tests.Sockets;

public sealed class StreamSocketTests
{
    private const int ConnectionRefused = 111;
    private const int BrokenPipe = 32;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Briefly = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task More_segments_than_one_call_takes_arrive_in_order()
    {
        var (client, server) = Connect(Soon);
        using (client)
        using (server)
        {
            // Segments of odd lengths, some empty, and more of them than the kernel takes at once.
            var lengths = Enumerable.Range(0, 3000).Select(i => i % 7 == 0 ? 0 : (i * 37) % 5000).ToArray();
            var sent = Pinned(lengths.Sum());
            new Random(1).NextBytes(sent);
            var received = Pinned(sent.Length);
            var sending = Task.Run(() => client.Send(Segments(sent, lengths)));
            server.Receive(Segments(received, [.. lengths.Reverse()]));
            await sending;
            Assert.True(sent.AsSpan().SequenceEqual(received));
        }
    }

    [Fact]
    public void A_peer_that_sends_nothing_is_given_up()
    {
        var (client, server) = Connect(Briefly);
        using (client)
        using (server)
        {
            Assert.False(client.WaitToReceive(Briefly));
            Assert.Throws<TimeoutException>(() => client.Receive(Segments(Pinned(1), 1)));
        }
    }

    [Fact]
    public void A_peer_that_takes_nothing_is_given_up()
    {
        var (client, server) = Connect(Briefly);
        using (client)
        using (server)
        {
            var large = Pinned(64 << 20);
            Assert.Throws<TimeoutException>(() => client.Send(Segments(large, large.Length)));
        }
    }

    [Fact]
    public void A_peer_that_ends_in_the_middle_is_known()
    {
        var (client, server) = Connect(Soon);
        using (client)
        using (server)
        {
            server.Send(Segments(Pinned(3), 3));
            server.Shutdown();
            Assert.Throws<EndOfStreamException>(() => client.Receive(Segments(Pinned(4), 4)));
            Assert.Equal(BrokenPipe, Assert.Throws<KernelCallException>(() => server.Send(Segments(Pinned(1), 1))).Errno);
        }
    }

    [Fact]
    public async Task A_shutdown_from_another_thread_wakes_who_waits()
    {
        var (client, server) = Connect(TimeSpan.FromMinutes(1));
        using (client)
        using (server)
        {
            var receiving = Task.Run(() => client.Receive(Segments(Pinned(1), 1)));
            var large = Pinned(64 << 20);
            var sending = Task.Run(() => server.Send(Segments(large, large.Length)));
            await Task.Delay(Briefly);
            server.Shutdown();
            client.Shutdown();
            await Assert.ThrowsAnyAsync<IOException>(() => sending);
            await Record.ExceptionAsync(() => receiving);
            Assert.True(receiving.IsCompleted);
        }
    }

    [Fact]
    public void Nobody_there_is_an_error_with_the_address()
    {
        using var listener = StreamListener.Listen(new IPEndPoint(IPAddress.Loopback, 0), Soon);
        var address = listener.Address;
        listener.Dispose();
        var exception = Assert.Throws<KernelCallException>(() => StreamSocket.Connect(address, Soon, Soon));
        Assert.Equal(ConnectionRefused, exception.Errno);
        Assert.Contains(address.ToString(), exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listener_that_stops_wakes_who_waits()
    {
        using var listener = StreamListener.Listen(new IPEndPoint(IPAddress.IPv6Loopback, 0), Soon);
        Assert.Null(listener.Accept(Briefly));
        var accepting = Task.Run(() => listener.Accept(Timeout.InfiniteTimeSpan));
        await Task.Delay(Briefly);
        listener.Stop();
        Assert.Null(await accepting);
    }

    private static (StreamSocket Client, StreamSocket Server) Connect(TimeSpan timeout)
    {
        using var listener = StreamListener.Listen(new IPEndPoint(IPAddress.Loopback, 0), timeout);
        var client = StreamSocket.Connect(listener.Address, Soon, timeout);
        return (client, listener.Accept(Soon)!);
    }

    private static byte[] Pinned(int length) => GC.AllocateArray<byte>(length, pinned: true);

    private static MemorySegment[] Segments(byte[] bytes, params int[] lengths)
    {
        var at = 0;
        return [.. lengths.Select(length =>
        {
            var segment = new MemorySegment(length == 0 ? default : new Hva((nuint)Marshal.UnsafeAddrOfPinnedArrayElement(bytes, at)), (nuint)length);
            at += length;
            return segment;
        })];
    }
}

using System.Text;
using Ferry.Linux.Sockets;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Ferry.Linux.Tests.Sockets;

public sealed class UnixSocketTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Briefly = TimeSpan.FromMilliseconds(30);

    [Fact]
    public void Large_data_larger_than_any_buffer_arrives_whole_and_in_order()
    {
        var (first, second) = UnixSocket.CreatePair();
        using (first)
        using (second)
        {
            var head = new byte[3_000_001];
            var tail = new byte[2_000_003];
            new Random(1).NextBytes(head);
            new Random(2).NextBytes(tail);
            var sender = new Thread(() => first.Send(head, tail, [], Soon));
            sender.Start();
            var got = new byte[head.Length + tail.Length];
            Assert.True(second.Receive(got, null, Soon));
            sender.Join();
            Assert.True(got.AsSpan(0, head.Length).SequenceEqual(head));
            Assert.True(got.AsSpan(head.Length).SequenceEqual(tail));
        }
    }

    [Fact]
    public void Descriptors_arrive_open_in_order_and_closed_on_exec()
    {
        var (first, second) = UnixSocket.CreatePair();
        using (first)
        using (second)
        {
            var paths = new[] { TemporaryFile("one"), TemporaryFile("two"), TemporaryFile("three") };
            try
            {
                var handles = paths.Select(path => File.OpenHandle(path)).ToArray();
                first.Send("x"u8, default, handles, Soon);
                Array.ForEach(handles, handle => handle.Dispose());
                using var list = new DescriptorList(3);
                Assert.True(second.Receive(new byte[1], list, Soon));
                Assert.Equal(3, list.Count);
                Assert.Equal(["one", "two", "three"], Enumerable.Range(0, 3).Select(i => ReadAll(list.Take(i))));
            }
            finally
            {
                Array.ForEach(paths, File.Delete);
            }
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(2, 5)]
    [InlineData(8, 9)]
    [InlineData(8, 200)]
    public void More_descriptors_than_allowed_are_all_closed(int allowed, int sent)
    {
        var (first, second) = UnixSocket.CreatePair();
        using (first)
        using (second)
        {
            var path = TemporaryFile("data");
            try
            {
                using var handle = File.OpenHandle(path);
                first.Send("x"u8, default, Enumerable.Repeat(handle, sent).ToArray(), Soon);
                Assert.Equal(1, OpenCount(path));
                using var list = new DescriptorList(allowed);
                Assert.Throws<DescriptorLimitException>(() => second.Receive(new byte[1], list, Soon));
                Assert.Equal(0, list.Count);
                Assert.Equal(1, OpenCount(path));
            }
            finally
            {
                File.Delete(path);
            }
        }
    }

    [Fact]
    public void Descriptors_that_nobody_takes_are_closed()
    {
        var (first, second) = UnixSocket.CreatePair();
        using (first)
        using (second)
        {
            var path = TemporaryFile("data");
            try
            {
                using var handle = File.OpenHandle(path);
                first.Send("x"u8, default, [handle, handle], Soon);
                var list = new DescriptorList(4);
                Assert.True(second.Receive(new byte[1], list, Soon));
                using (list.Take(1))
                {
                    Assert.Equal(3, OpenCount(path));
                    list.Dispose();
                    Assert.Equal(2, OpenCount(path));
                }
            }
            finally
            {
                File.Delete(path);
            }
        }
    }

    [Fact]
    public void An_end_before_the_first_byte_is_told_from_an_end_in_the_middle()
    {
        var (first, second) = UnixSocket.CreatePair();
        using (second)
        {
            first.Send("abc"u8, default, [], Soon);
            first.Dispose();
            Assert.Throws<EndOfStreamException>(() => second.Receive(new byte[4], null, Soon));
            Assert.False(second.Receive(new byte[4], null, Soon));
        }
    }

    [Fact]
    public void A_silent_peer_costs_the_timeout_and_no_more()
    {
        var (first, second) = UnixSocket.CreatePair();
        using (first)
        using (second)
        {
            Assert.False(second.WaitToReceive(Briefly));
            Assert.Throws<TimeoutException>(() => second.Receive(new byte[4], null, Briefly));
            Assert.Throws<TimeoutException>(() => first.Send(new byte[8 << 20], default, [], Briefly));
        }
    }

    [Fact]
    public void Sending_to_a_peer_that_has_gone_is_an_error_and_no_signal()
    {
        var (first, second) = UnixSocket.CreatePair();
        second.Dispose();
        using (first)
        {
            Assert.Equal(32, Assert.Throws<KernelCallException>(() => first.Send("x"u8, default, [], Soon)).Errno);
        }
    }

    [Fact]
    public void Shutdown_wakes_a_thread_that_receives()
    {
        var (first, second) = UnixSocket.CreatePair();
        using (first)
        using (second)
        {
            bool? more = null;
            var receiver = new Thread(() => more = second.Receive(new byte[4], null, Timeout.InfiniteTimeSpan));
            receiver.Start();
            second.Shutdown();
            Assert.True(receiver.Join(Soon));
            Assert.False(more);
        }
    }

    [Fact]
    public void Sending_and_receiving_allocate_nothing()
    {
        var (first, second) = UnixSocket.CreatePair();
        using (first)
        using (second)
        {
            var data = new byte[512];
            using var list = new DescriptorList(8);
            void Once()
            {
                first.Send(data, data, [], Soon);
                second.WaitToReceive(Soon);
                second.Receive(data, list, Soon);
                second.Receive(data, null, Soon);
            }

            Once();
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
            {
                Once();
            }

            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }
    }

    private static string TemporaryFile(string content)
    {
        var path = Path.Combine(Path.GetTempPath(), $"ferry-{Guid.NewGuid():n}");
        File.WriteAllText(path, content);
        return path;
    }

    private static string ReadAll(SafeFileHandle handle)
    {
        using (handle)
        {
            var bytes = new byte[16];
            return Encoding.UTF8.GetString(bytes, 0, RandomAccess.Read(handle, bytes, 0));
        }
    }

    private static int OpenCount(string path) => Directory.GetFiles("/proc/self/fd").Count(entry => new FileInfo(entry).LinkTarget == path);
}

using Ferry.Linux.Sockets;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Tracking;
using Xunit;

namespace Ferry.VfioUser.Tests;

public sealed class HostileServerTests
{
    private static readonly VfioUserClientOptions Options = new()
    {
        RequestTimeout = TimeSpan.FromMilliseconds(300),
        MessageTimeout = TimeSpan.FromMilliseconds(300),
    };

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 2)]
    [InlineData(0, 65535)]
    public void A_version_that_was_not_offered_is_not_taken(ushort major, ushort minor)
    {
        Assert.Throws<VfioUserProtocolException>(() => Connect(Options, peer =>
        {
            var id = peer.Receive()!.Value.Id;
            peer.SendVersion(major, minor, flags: 1, id: id);
        }).Dispose());
    }

    [Theory]
    [InlineData(TrackingPrecision.Exact, "{\"capabilities\":{\"ferry\":{\"new\":[{}]},\"other\":{\"dma_log\":\"pinned\"}}}")]
    [InlineData(TrackingPrecision.Exact, "{\"capabilities\":{\"ferry\":{\"dma_log\":\"exact\"}}}")]
    [InlineData(TrackingPrecision.PinnedForWrite, "{\"capabilities\":{\"ferry\":{\"new\":1,\"dma_log\":\"pinned\"}}}")]
    [InlineData(TrackingPrecision.AllMapped, "{\"capabilities\":{\"ferry\":{\"dma_log\":\"sampled\"}}}")]
    public void What_is_said_of_the_log_is_believed_and_an_unknown_word_promises_nothing(TrackingPrecision precision, string json)
    {
        using var client = Connect(Options, peer => peer.AnswerVersion(json));
        Assert.Equal(precision, client.Server.DmaLogPrecision);
    }

    [Theory]
    [InlineData("{\"capabilities\":{\"ferry\":1}}")]
    [InlineData("{\"capabilities\":{\"ferry\":{\"dma_log\":1}}}")]
    [InlineData("{\"capabilities\":{\"ferry\":{\"dma_log\":{}}}}")]
    public void Keys_of_our_own_of_another_shape_are_refused(string json) =>
        Assert.Throws<VfioUserProtocolException>(() => Connect(Options, peer => peer.AnswerVersion(json)).Dispose());

    [Fact]
    public void A_server_that_refuses_or_hangs_up_or_says_nothing_is_told_apart()
    {
        Assert.Equal(22, Assert.Throws<VfioUserException>(() => Connect(Options, peer => peer.Send(1, [], peer.Receive()!.Value.Id, 0x21)).Dispose()).Errno);
        Assert.Throws<VfioUserPeerException>(() => Connect(Options, peer => peer.Shutdown()).Dispose());
        Assert.Contains("no answer", Assert.Throws<VfioUserPeerException>(() => Connect(Options, peer =>
        {
            peer.Receive();
            peer.Receive();
        }).Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Replies_in_another_order_reach_the_thread_that_asked()
    {
        const int threads = 6;
        using var client = Connect(Options with { RequestTimeout = ServedDevice.Soon }, peer =>
        {
            peer.AnswerVersion();
            while (peer.Receive() is { } first)
            {
                var waiting = new List<(ushort Id, ushort Command, uint Flags, int Errno, byte[] Payload)> { first };
                for (var i = 1; i < threads && peer.Receive() is { } next; i++)
                {
                    waiting.Add(next);
                }

                waiting.Reverse();
                waiting.ForEach(command => peer.Send(command.Command, [.. command.Payload, .. command.Payload[..8]], command.Id, 1));
            }
        });
        var wrong = 0;
        var workers = Enumerable.Range(0, threads).Select(t => new Thread(() =>
        {
            var data = new byte[8];
            for (var i = 0; i < 50; i++)
            {
                client.RegionRead(0, (ulong)((t * 1000) + i), data);
                wrong += BitConverter.ToUInt64(data) == (ulong)((t * 1000) + i) ? 0 : 1;
            }
        })).ToList();
        workers.ForEach(worker => worker.Start());
        Assert.All(workers, worker => Assert.True(worker.Join(ServedDevice.Soon)));
        Assert.Equal(0, wrong);
    }

    [Fact]
    public void A_late_reply_is_dropped_and_answers_nobody_else()
    {
        using var client = Connect(Options, peer =>
        {
            peer.AnswerVersion();
            var late = peer.Receive()!.Value;
            var second = peer.Receive()!.Value;
            peer.Send(late.Command, [.. late.Payload, 1, 1, 1, 1], late.Id, 1);
            peer.Send(second.Command, [.. second.Payload, 2, 2, 2, 2], second.Id, 1);
            peer.Receive();
        });
        var data = new byte[4];
        var late = Assert.Throws<VfioUserPeerException>(() => client.RegionRead(0, 0, data));
        Assert.Equal(VfioUserCommand.RegionRead, late.Command);
        Assert.True(client.IsConnected);
        client.RegionRead(0, 0, data);
        Assert.Equal([2, 2, 2, 2], data);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(30)]
    public void A_server_that_dies_in_the_middle_of_a_message_fails_all_who_wait_at_once(int sentBytes)
    {
        using var gone = new ManualResetEventSlim();
        using var client = Connect(Options with { RequestTimeout = Timeout.InfiniteTimeSpan }, peer =>
        {
            peer.AnswerVersion();
            var id = peer.Receive()!.Value.Id;
            for (var i = 0; i < 3; i++)
            {
                peer.Receive();
            }

            var reply = new byte[40];
            MessageHeaderFor(reply, id);
            peer.SendBytes(reply.AsSpan(0, sentBytes));
            peer.Shutdown();
        });
        client.Disconnected += (_, _) => gone.Set();
        var failures = 0;
        var workers = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            try
            {
                client.RegionRead(0, 0, new byte[8]);
            }
            catch (VfioUserPeerException e) when (e.Command == VfioUserCommand.RegionRead)
            {
                Interlocked.Increment(ref failures);
            }
        })).ToList();
        workers.ForEach(worker => worker.Start());
        Assert.All(workers, worker => Assert.True(worker.Join(ServedDevice.Soon)));
        Assert.Equal(4, failures);
        Assert.True(gone.Wait(ServedDevice.Soon));
        Assert.False(client.IsConnected);
        Assert.Throws<VfioUserPeerException>(() => client.RegionWrite(0, 0, new byte[8]));
        Assert.Throws<VfioUserPeerException>(() => client.PostRegionWrite(0, 0, new byte[8]));
    }

    [Fact]
    public void A_server_that_stops_in_the_middle_of_a_message_fails_the_connection()
    {
        using var client = Connect(Options, peer =>
        {
            peer.AnswerVersion();
            var id = peer.Receive()!.Value.Id;
            var reply = new byte[40];
            MessageHeaderFor(reply, id);
            peer.SendBytes(reply.AsSpan(0, 20));
            peer.Receive();
        });
        Assert.Throws<VfioUserPeerException>(() => client.RegionRead(0, 0, new byte[8]));
        ServedDevice.WaitUntil(() => !client.IsConnected);
    }

    [Theory]
    [InlineData(9, 23, false)]
    [InlineData(9, 25, false)]
    [InlineData(9, 1 << 20, false)]
    [InlineData(10, 24, false)]
    [InlineData(9, 24, true)]
    public void A_reply_of_another_length_or_to_another_command_or_id_is_not_taken(int command, int payloadBytes, bool otherId)
    {
        using var client = Connect(Options, peer =>
        {
            peer.AnswerVersion();
            var id = peer.Receive()!.Value.Id;
            peer.Send((ushort)command, new byte[payloadBytes], (ushort)(otherId ? id + 64 : id), 1);
            peer.Receive();
        });
        Assert.ThrowsAny<IOException>(() => client.RegionRead(0, 0, new byte[8]));
    }

    [Fact]
    public void An_error_without_a_number_is_still_an_error()
    {
        using var client = Connect(Options, peer =>
        {
            peer.AnswerVersion();
            while (peer.Receive() is { } command)
            {
                peer.Send(command.Command, [], command.Id, 0x21);
            }
        });
        Assert.Equal(22, Assert.Throws<VfioUserException>(() => client.Reset()).Errno);
    }

    [Theory]
    [InlineData(new uint[] { 32, 12, 0, 32, 4096, 0, 0, 0 })]
    [InlineData(new uint[] { 64, 12, 0, 32, 4096, 0, 0, 0, 1, 0, 1000, 0, 0, 0, 4096, 0 })]
    [InlineData(new uint[] { 64, 12, 0, 32, 4096, 0, 0, 0, 0x10001, 0, 1, 0, 4096, 0, 1, 0 })]
    [InlineData(new uint[] { 64, 12, 0, 32, 4096, 0, 0, 0, 0x10001, 0, 1, 0, 0, 0, 0, 0 })]
    [InlineData(new uint[] { 64, 12, 0, 32, 4096, 0, 0, 0, 0x10001, 0, 1, 0, 0xffffffff, 0xffffffff, 2, 0 })]
    public void Areas_that_are_not_there_or_leave_the_region_are_refused(uint[] words)
    {
        using var client = Connect(Options, peer =>
        {
            peer.AnswerVersion();
            var id = peer.Receive()!.Value.Id;
            peer.Send(5, words.SelectMany(BitConverter.GetBytes).ToArray(), id, 1);
            peer.Receive();
        });
        Assert.Throws<VfioUserProtocolException>(() => client.GetRegionInfo(0));
    }

    [Fact]
    public void A_chain_of_capabilities_that_leads_back_ends()
    {
        using var client = Connect(Options, peer =>
        {
            peer.AnswerVersion();
            var id = peer.Receive()!.Value.Id;
            uint[] words = [48, 12, 0, 32, 4096, 0, 0, 0, 7, 40, 7, 32];
            peer.Send(5, words.SelectMany(BitConverter.GetBytes).ToArray(), id, 1);
            peer.Receive();
        });
        Assert.Equal(4096UL, client.GetRegionInfo(0).SizeBytes);
    }

    [Fact]
    public void Commands_that_a_server_may_not_send_are_answered_by_an_error()
    {
        using var answered = new ManualResetEventSlim();
        using var client = Connect(Options with { RequestTimeout = ServedDevice.Soon }, peer =>
        {
            peer.AnswerVersion();
            var request = peer.Receive()!.Value;
            var refused = 0;
            foreach (var (command, payload) in new (ushort, byte[])[] { (9, new byte[16]), (11, []), (11, new byte[15]), (11, new byte[16]), (12, new byte[16]), (99, []) })
            {
                peer.Send(command, payload, 77);
                refused += peer.Receive() is { Id: 77, Flags: 0x21, Errno: not 0 } reply && reply.Command == command ? 1 : 0;
            }

            peer.Send(request.Command, [.. request.Payload, (byte)refused], request.Id, 1);
            peer.Receive();
        });
        var data = new byte[1];
        client.RegionRead(0, 0, data);
        Assert.Equal(6, data[0]);
    }

    [Fact]
    public void A_log_at_no_page_size_is_refused()
    {
        using var client = Connect(Options, peer =>
        {
            peer.AnswerVersion();
            while (peer.Receive() is { } command)
            {
                command.Payload.AsSpan(8, 8).Fill(0x11);
                peer.Send(command.Command, command.Payload, command.Id, 1);
            }
        });
        Assert.Throws<VfioUserProtocolException>(() => client.StartDmaLog([DmaTests.Pages(0, 1)], PageSize.Size4K));
    }

    [Theory]
    [InlineData(8, 1, "another address")]
    [InlineData(16, 1, "another length")]
    [InlineData(24, 1, "another page size")]
    [InlineData(39, 0x80, "pages set beyond them")]
    public void A_report_for_other_pages_than_asked_is_not_taken_and_all_of_them_are_dirty(int at, byte change, string reason)
    {
        using var client = Connect(Options, peer =>
        {
            peer.AnswerVersion();
            while (peer.Receive() is { } command)
            {
                // Everything is answered as it was asked, but for the report: one byte of it is another.
                var isReport = command.Command == (ushort)VfioUserCommand.Feature && command.Payload.Length == 32 && (BitConverter.ToUInt32(command.Payload, 4) & 0xffff) == 8;
                byte[] answer = isReport ? [.. command.Payload, .. new byte[8]] : command.Payload;
                if (isReport)
                {
                    answer[at] ^= change;
                }

                peer.Send(command.Command, answer, command.Id, 1);
            }
        });
        Assert.True(DeviceTracker.TryCreate(client, new DmaSource("nic0"), new DeviceTrackerOptions { PageSizes = [PageSize.Size4K], MaxRanges = 1 }, out var tracker));
        tracker.Start([DmaTests.Pages(0, 100)], PageSize.Size4K);
        using var bitmap = new DirtyBitmap(DmaTests.Pages(0, 100), PageSize.Size4K);
        var failure = Assert.Throws<TrackerFailedException>(() => tracker.Report(DmaTests.Pages(20, 10), bitmap));
        Assert.Contains(reason, failure.Reason, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(20, 10).Select(i => (ulong)i), DmaTests.SetPages(bitmap));
    }

    private static void MessageHeaderFor(byte[] reply, ushort id) => new MessageHeader(id, VfioUserCommand.RegionRead, reply.Length, 1, 0).Write(reply);

    private static VfioUserClient Connect(VfioUserClientOptions options, Action<RawPeer> server)
    {
        var (mine, theirs) = UnixSocket.CreatePair();
        var thread = new Thread(() =>
        {
            using var peer = new RawPeer(theirs);
            try
            {
                server(peer);
            }
            catch (Exception e) when (e is IOException or TimeoutException)
            {
                // The client under test has gone: that is what some of these tests are about.
            }
        })
        { IsBackground = true };
        thread.Start();
        return VfioUserClient.Attach(mine, options);
    }
}

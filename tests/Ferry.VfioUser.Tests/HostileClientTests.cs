using System.Buffers.Binary;
using Ferry.Linux.Memory;
using Ferry.Linux.Sockets;
using Ferry.VfioUser.Server;
using Xunit;

namespace Ferry.VfioUser.Tests;

public sealed class HostileClientTests : IDisposable
{
    private const int Invalid = 22;
    private readonly ServedDevice _served = new(null, new VfioUserServerOptions
    {
        HandshakeTimeout = TimeSpan.FromSeconds(1),
        MessageTimeout = TimeSpan.FromMilliseconds(500),
    });

    public void Dispose() => _served.Dispose();

    [Theory]
    [InlineData(1, "{}")]
    [InlineData(0, "{")]
    [InlineData(0, "[]")]
    [InlineData(0, "{}{}")]
    [InlineData(0, "{\"capabilities\":1}")]
    [InlineData(0, "{\"capabilities\":{\"max_msg_fds\":-1}}")]
    [InlineData(0, "{\"capabilities\":{\"max_msg_fds\":\"8\"}}")]
    [InlineData(0, "{\"capabilities\":{\"max_data_xfer_size\":0}}")]
    [InlineData(0, "{\"capabilities\":{\"max_data_xfer_size\":1e99}}")]
    [InlineData(0, "{\"capabilities\":{\"migration\":[]}}")]
    [InlineData(0, "{\"capabilities\":{\"migration\":{\"max_bitmap_size\":7}}}")]
    [InlineData(0, "{\"capabilities\":{\"x\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}}")]
    public void A_version_that_is_none_is_refused_and_the_next_client_is_served(ushort major, string json)
    {
        using (var peer = Connect())
        {
            peer.SendVersion(major, json: json);
            Assert.Equal((0x21U, Invalid), (peer.Receive()!.Value.Flags, _served.Errors.IsEmpty ? 0 : Invalid));
            Assert.Null(peer.Receive());
        }

        using var good = _served.Connect();
        good.GetInfo();
    }

    [Theory]
    [InlineData(RawPeer.NoJson)]
    [InlineData("{}")]
    [InlineData("{\"capabilities\":{\"twin_socket\":{\"supported\":true},\"unknown\":[1,{\"a\":2}],\"max_msg_fds\":8,\"migration\":{\"pgsize\":4096,\"more\":{}}},\"other\":null}")]
    public void A_version_with_more_or_less_than_is_known_is_taken(string json)
    {
        using var peer = Agreed(json);
        peer.Send(4, Words(16, 0, 0, 0));
        Assert.Equal(16, peer.Receive()!.Value.Payload.Length);
    }

    [Fact]
    public void The_answer_names_no_newer_version_than_was_asked_for()
    {
        using var peer = Connect();
        peer.SendVersion(minor: 0);
        Assert.Equal([0, 0, 0, 0], peer.Receive()!.Value.Payload[..4]);
    }

    [Fact]
    public void A_command_before_the_version_ends_the_connection()
    {
        using var peer = Connect();
        peer.Send(4, Words(16, 0, 0, 0));
        Assert.Equal(0x21U, peer.Receive()!.Value.Flags);
        Assert.Null(peer.Receive());
    }

    [Fact]
    public void A_client_that_says_nothing_does_not_keep_others_out()
    {
        using var silent = Connect();
        using var good = _served.Connect();
        Assert.Equal(4, good.GetInfo().RegionCount);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(0)]
    [InlineData((1 << 20) + 4097)]
    [InlineData(int.MaxValue)]
    [InlineData(-1)]
    public void A_size_outside_the_limits_ends_the_connection_before_anything_is_allocated(int sizeBytes)
    {
        using var peer = Agreed();
        peer.Send(9, Words(0, 0, 0, 4), sizeBytes: sizeBytes);
        Assert.Null(peer.Receive());
        ServedDevice.WaitUntil(() => _served.Errors.Any(error => error is Protocol.VfioUserProtocolException));
    }

    [Fact]
    public void A_reply_that_nobody_waits_for_ends_the_connection()
    {
        using var peer = Agreed();
        peer.Send(11, [], flags: 1);
        Assert.Null(peer.Receive());
    }

    [Fact]
    public void A_client_that_stops_in_the_middle_of_a_message_is_let_go()
    {
        using (var peer = Agreed())
        {
            peer.SendBytes([1, 0, 9]);
            Assert.Null(peer.Receive());
        }

        using (var peer = Agreed())
        {
            peer.Send(9, Words(0, 0), sizeBytes: 32);
            Assert.Null(peer.Receive());
        }

        using var good = _served.Connect();
        good.GetInfo();
    }

    [Fact]
    public void Unknown_and_wrong_way_commands_are_answered_by_an_error()
    {
        using var peer = Agreed();
        foreach (var command in new ushort[] { 0, 1, 11, 12, 14, 19, 65535 })
        {
            peer.Send(command, Words(1, 2, 3, 4), id: command);
            var reply = peer.Receive()!.Value;
            Assert.Equal((command, command, 0x21U), (reply.Id, reply.Command, reply.Flags));
            Assert.NotEqual(0, reply.Errno);
        }
    }

    [Fact]
    public void Every_command_with_a_payload_of_any_length_is_answered()
    {
        using var peer = Agreed();
        var random = new Random(17);
        for (ushort command = 2; command <= 18; command++)
        {
            for (var length = 0; length < 72; length++)
            {
                var payload = new byte[length];
                random.NextBytes(payload);
                peer.Send(command, length % 3 == 0 ? new byte[length] : payload, id: (ushort)length);
                Assert.Equal((ushort)length, peer.Receive()!.Value.Id);
            }
        }
    }

    [Fact]
    public void More_descriptors_than_agreed_end_the_connection_and_are_closed()
    {
        using var file = MemoryFile.Create("hostile-fd", 4096);
        using (var peer = Agreed())
        {
            peer.Send(2, new byte[32], descriptors: [.. Enumerable.Repeat(file.Handle, 17)]);
            Assert.Null(peer.Receive());
        }

        using (var peer = Agreed())
        {
            for (ushort command = 3; command <= 18; command++)
            {
                peer.Send(command, new byte[40], descriptors: [file.Handle, file.Handle]);
                Assert.NotNull(peer.Receive());
            }
        }

        ServedDevice.WaitUntil(() => !_served.Server.HasClient);
        Assert.Equal(1, Directory.GetFiles("/proc/self/fd").Count(entry => new FileInfo(entry).LinkTarget?.Contains("hostile-fd", StringComparison.Ordinal) == true));
    }

    [Fact]
    public void A_bitmap_larger_than_a_reply_may_be_is_refused()
    {
        using var peer = Agreed();
        peer.Send(2, [.. Words(32, 3), .. Longs(0, 0, 1UL << 40)]);
        Assert.Equal(1U, peer.Receive()!.Value.Flags);
        peer.Send(16, [.. Words(40, 6 | (1 << 17)), .. Longs(4096), .. Words(1, 0), .. Longs(0, 1UL << 40)]);
        Assert.Equal(1U, peer.Receive()!.Value.Flags);
        foreach (var argumentBytes in new[] { uint.MaxValue, 32U })
        {
            peer.Send(16, [.. Words(argumentBytes, 8 | (1 << 16)), .. Longs(0, 1UL << 40, 4096)]);
            Assert.Equal(Invalid, peer.Receive()!.Value.Errno);
            peer.Send(3, [.. Words(argumentBytes, 1), .. Longs(0, 1UL << 40, 4096, ulong.MaxValue)]);
            Assert.Equal(Invalid, peer.Receive()!.Value.Errno);
        }
    }

    [Fact]
    public void A_flood_of_commands_while_the_device_waits_for_DMA_is_bounded()
    {
        _served.Device.OnRegisterWrite = (_, _) => _served.Server.TryRead(new Ferry.Memory.Iova(0), new byte[8]);
        using var peer = Agreed();
        peer.Send(10, [.. Longs(0), .. Words(0, 4, 0)]);
        Assert.Equal(11, peer.Receive()!.Value.Command);
        try
        {
            for (ushort i = 0; i < 100; i++)
            {
                peer.Send(4, Words(16, 0, 0, 0), id: i);
            }
        }
        catch (Linux.KernelCallException)
        {
            // The connection was ended while this side went on sending.
        }

        while (peer.Receive() is not null)
        {
        }

        ServedDevice.WaitUntil(() => _served.Errors.Any(error => error.Message.Contains("Too many commands", StringComparison.Ordinal)));
    }

    private static byte[] Words(params uint[] values)
    {
        var bytes = new byte[values.Length * 4];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), values[i]);
        }

        return bytes;
    }

    private static byte[] Longs(params ulong[] values)
    {
        var bytes = new byte[values.Length * 8];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * 8), values[i]);
        }

        return bytes;
    }

    private RawPeer Connect() => new(UnixSocket.Connect(_served.Path, ServedDevice.Soon));

    private RawPeer Agreed(string json = "{}")
    {
        var peer = Connect();
        peer.SendVersion(json: json);
        Assert.Equal(1U, peer.Receive()!.Value.Flags);
        return peer;
    }
}

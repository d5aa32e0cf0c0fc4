using System.Buffers.Binary;
using System.Text;
using Ferry.Linux.Sockets;
using Ferry.VfioUser.Protocol;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Ferry.VfioUser.Tests;

/// <summary>A peer that sends what it is told to, right or wrong.</summary>
internal sealed class RawPeer(UnixSocket socket) : IDisposable
{
    public const string NoJson = "";

    public void Send(ushort command, ReadOnlySpan<byte> payload, ushort id = 1, uint flags = 0, int? sizeBytes = null, params SafeFileHandle[] descriptors)
    {
        var bytes = new byte[16 + payload.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, id);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), command);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), sizeBytes ?? bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), flags);
        payload.CopyTo(bytes.AsSpan(16));
        socket.Send(bytes, default, descriptors, ServedDevice.Soon);
    }

    public void SendBytes(ReadOnlySpan<byte> bytes) => socket.Send(bytes, default, [], ServedDevice.Soon);

    /// <summary>The next message, or null where the other side has ended the connection.</summary>
    public (ushort Id, ushort Command, uint Flags, int Errno, byte[] Payload)? Receive()
    {
        var header = new byte[16];
        using var descriptors = new DescriptorList(16);
        try
        {
            if (!socket.Receive(header, descriptors, ServedDevice.Soon))
            {
                return null;
            }

            var payload = new byte[BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(4)) - 16];
            Assert.True(socket.Receive(payload, null, ServedDevice.Soon));
            return (BinaryPrimitives.ReadUInt16LittleEndian(header),
                BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(2)),
                BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8)),
                BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(12)),
                payload);
        }
        catch (Linux.KernelCallException)
        {
            // The other side closed before it had read everything: a reset.
            return null;
        }
    }

    public void SendVersion(ushort major = 0, ushort minor = 1, string json = """{"capabilities":{}}""", uint flags = 0, ushort id = 1)
    {
        var payload = new byte[] { (byte)major, (byte)(major >> 8), (byte)minor, (byte)(minor >> 8) };
        Send((ushort)VfioUserCommand.Version, json.Length == 0 ? payload : [.. payload, .. Encoding.UTF8.GetBytes(json), 0], id, flags);
    }

    /// <summary>Answers a client's VERSION as a server does.</summary>
    public void AnswerVersion(string json = """{"capabilities":{"write_multiple":true}}""")
    {
        var version = Receive();
        Assert.Equal((ushort)VfioUserCommand.Version, version!.Value.Command);
        SendVersion(json: json, flags: 1, id: version.Value.Id);
    }

    public void Shutdown() => socket.Shutdown();

    public void Dispose() => socket.Dispose();
}

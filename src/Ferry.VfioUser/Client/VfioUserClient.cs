using System.Buffers.Binary;
using Ferry.Linux;
using Ferry.Linux.Sockets;
using Ferry.Memory;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Transport;

namespace Ferry.VfioUser.Client;

/// <summary>A connection to a device that another process serves.</summary>
/// <remarks>
/// Thread-safe: vCPUs read and write regions while a migration asks for dirty pages. Every request may throw
/// <see cref="VfioUserException"/> where the device refused, <see cref="VfioUserPeerException"/> where the device has gone or is late, and
/// <see cref="VfioUserProtocolException"/> where its answer is malformed; all are <see cref="IOException"/>. Once a device has gone every
/// request fails at once. Source: QEMU docs/interop/vfio-user.rst.
/// </remarks>
public sealed partial class VfioUserClient : IDisposable
{
    private const int DmaAccessBytes = 16;
    private readonly MessageChannel _channel;
    private readonly VfioUserClientOptions _options;
    private readonly DmaMappings _mappings = new();
    private readonly ReplyBuffer _reply;
    private readonly Thread _receiver;
    private volatile bool _disposing;

    private VfioUserClient(UnixSocket socket, VfioUserClientOptions options)
    {
        _options = options;
        var own = options.Capabilities;
        _channel = new MessageChannel(socket, new ChannelOptions(own.MaxMessageBytes, own.MaxMessageDescriptors, options.MessageTimeout));
        _reply = new ReplyBuffer(own.MaxMessageBytes - MessageHeader.Bytes);
        _receiver = new Thread(Receive) { IsBackground = true, Name = "vfio-user client" };
        (Server, Version) = (new VfioUserCapabilities(), new Version(VersionMessage.OwnMajor, VersionMessage.OwnMinor));
    }

    /// <summary>Raised once, on a thread of the client's, when the device has gone; not where the client was disposed.</summary>
    public event EventHandler? Disconnected;

    /// <summary>What the server said it takes.</summary>
    public VfioUserCapabilities Server { get; private set; }

    /// <summary>The version that both sides speak.</summary>
    public Version Version { get; private set; }

    /// <summary>The socket's path.</summary>
    public string Peer => _channel.Peer;

    /// <summary>Whether the device can still be asked.</summary>
    public bool IsConnected => _channel.Failure is null;

    /// <summary>Why the device can't be asked any more, or null.</summary>
    public Exception? Failure => _channel.Failure;

    private int MaxTransferBytes => Math.Min(Server.MaxDataTransferBytes, _options.Capabilities.MaxDataTransferBytes);

    /// <summary>Connects to the device that listens at <paramref name="path"/> and agrees on a version.</summary>
    /// <exception cref="KernelCallException">Nobody listens there.</exception>
    /// <exception cref="VfioUserPeerException">The server went or is late.</exception>
    /// <exception cref="VfioUserException">The server refused the version.</exception>
    /// <exception cref="VfioUserProtocolException">The server speaks another version, or something else.</exception>
    public static VfioUserClient Connect(string path, VfioUserClientOptions? options = null)
    {
        options ??= new VfioUserClientOptions();
        return Attach(UnixSocket.Connect(path, options.ConnectTimeout), options);
    }

    /// <summary>Agrees on a version over a connected socket, which it owns from now on.</summary>
    internal static VfioUserClient Attach(UnixSocket socket, VfioUserClientOptions options)
    {
        var client = new VfioUserClient(socket, options);
        try
        {
            client.Negotiate();
            client._receiver.Start();
            return client;
        }
        catch
        {
            client._channel.Dispose();
            throw;
        }
    }

    /// <summary>Closes the connection. The server then unmaps all memory and disables all interrupts.</summary>
    public void Dispose()
    {
        _disposing = true;
        _channel.Fail(new ObjectDisposedException(nameof(VfioUserClient)));
        if (Thread.CurrentThread != _receiver)
        {
            _receiver.Join();
        }

        _channel.Dispose();
    }

    private void Negotiate()
    {
        var own = VersionMessage.Own(_options.Capabilities);
        using var reply = _channel.Request(VfioUserCommand.Version, default, own.Write(), [], VersionMessage.MaxBytes, _options.RequestTimeout);
        var version = VersionMessage.Read(reply.Payload);
        if (version.Major != own.Major || version.Minor > own.Minor)
        {
            throw new VfioUserProtocolException($"{Peer}: the server answers {own.Major}.{own.Minor} with {version.Major}.{version.Minor}.");
        }

        (Server, Version) = (version.Capabilities, new Version(version.Major, version.Minor));
    }

    private ReplyLease Request(VfioUserCommand command, ReadOnlySpan<byte> fields, ReadOnlySpan<byte> data = default, int maxReplyBytes = MessageChannel.SmallReplyBytes) =>
        _channel.Request(command, fields, data, [], maxReplyBytes, _options.RequestTimeout);

    private void Receive()
    {
        try
        {
            for (IncomingCommand? command; (command = _channel.NextCommand(Timeout.InfiniteTimeSpan)) is not null; _channel.Return(command))
            {
                _reply.Clear();
                var errno = Handle(command);
                _channel.Reply(command.Header, errno, errno == 0 ? _reply.Payload : default, []);
            }
        }
        catch (VfioUserPeerException)
        {
            // The reply can't be sent: the channel has failed and keeps the reason.
        }

        if (!_disposing)
        {
            Disconnected?.Invoke(this, EventArgs.Empty);
        }
    }

    private int Handle(IncomingCommand command)
    {
        try
        {
            var reader = new PayloadReader(command.Payload, command.Header.Command);
            return command.Header.Command switch
            {
                VfioUserCommand.DmaRead => HandleDma(ref reader, isWrite: false),
                VfioUserCommand.DmaWrite => HandleDma(ref reader, isWrite: true),
                _ => Errno.NoSystemCall,
            };
        }
        catch (VfioUserProtocolException)
        {
            return Errno.Invalid;
        }
    }

    private int HandleDma(ref PayloadReader reader, bool isWrite)
    {
        var start = reader.UInt64();
        var count = reader.UInt64();
        if (count == 0 || count > (ulong)_options.Capabilities.MaxDataTransferBytes || start + (count - 1) < start
            || reader.RemainingBytes != (isWrite ? (int)count : 0))
        {
            return Errno.Invalid;
        }

        var iova = new Iova(start);
        // Until it is done: whoever unmaps the range then knows that nothing comes to it any more.
        lock (_mappings.Gate)
        {
            if (_options.DmaHandler is not { } handler || !_mappings.Allows(new IovaRange(iova, count), isWrite))
            {
                return Errno.Fault;
            }

            var reply = _reply.Allocate(DmaAccessBytes + (isWrite ? 0 : (int)count));
            BinaryPrimitives.WriteUInt64LittleEndian(reply, start);
            BinaryPrimitives.WriteUInt64LittleEndian(reply[sizeof(ulong)..], count);
            var done = isWrite ? handler.TryWrite(iova, reader.Take(count)) : handler.TryRead(iova, reply[DmaAccessBytes..]);
            return done ? 0 : Errno.Fault;
        }
    }
}

using System.Buffers.Binary;
using Ferry.Linux.Sockets;
using Ferry.Memory;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Transport;

namespace Ferry.VfioUser.Server;

/// <summary>One client from its first message to its end.</summary>
internal sealed class ServerSession : IDisposable
{
    private const int DmaAccessBytes = 16;
    private readonly VfioUserServerOptions _options;
    private readonly MessageChannel _channel;
    private readonly CommandDispatcher _dispatcher;
    private volatile VfioUserCapabilities? _client;

    internal ServerSession(IVfioUserDevice device, UnixSocket socket, VfioUserServerOptions options)
    {
        _options = options;
        var own = options.Capabilities;
        _channel = new MessageChannel(socket, new ChannelOptions(own.MaxMessageBytes, own.MaxMessageDescriptors, options.MessageTimeout));
        _dispatcher = new CommandDispatcher(device, own, options.OnError);
    }

    /// <summary>Serves the client until it goes, then takes everything back that it gave.</summary>
    internal void Run()
    {
        try
        {
            if (Negotiate())
            {
                for (IncomingCommand? command; (command = _channel.NextCommand(Timeout.InfiniteTimeSpan)) is not null; _channel.Return(command))
                {
                    Answer(command);
                }
            }
        }
        catch (VfioUserPeerException e)
        {
            _options.OnError?.Invoke(e);
        }

        if (_channel.Failure is { } failure and not EndOfStreamException)
        {
            _options.OnError?.Invoke(failure);
        }

        // Whoever waits for a DMA message must be let go before the device is asked to end its DMA.
        End(new EndOfStreamException("The client has gone."));
        _dispatcher.End(_options.OnClientGone);
    }

    /// <summary>Ends the session from any thread.</summary>
    internal void End(Exception reason) => _channel.Fail(reason);

    /// <summary>Does DMA by messages.</summary>
    internal bool TryRead(Iova start, Span<byte> data)
    {
        Span<byte> fields = stackalloc byte[DmaAccessBytes];
        while (!data.IsEmpty)
        {
            var part = data[..Math.Min(data.Length, MaxDmaBytes)];
            if (part.IsEmpty || !TryDma(VfioUserCommand.DmaRead, start, fields, part.Length, default, part))
            {
                return false;
            }

            start = new Iova(start.Value + (ulong)part.Length);
            data = data[part.Length..];
        }

        return true;
    }

    /// <inheritdoc cref="TryRead"/>
    internal bool TryWrite(Iova start, ReadOnlySpan<byte> data)
    {
        Span<byte> fields = stackalloc byte[DmaAccessBytes];
        while (!data.IsEmpty)
        {
            var part = data[..Math.Min(data.Length, MaxDmaBytes)];
            if (part.IsEmpty || !TryDma(VfioUserCommand.DmaWrite, start, fields, part.Length, part, default))
            {
                return false;
            }

            start = new Iova(start.Value + (ulong)part.Length);
            data = data[part.Length..];
        }

        return true;
    }

    /// <summary>Closes the connection. No call may be under way.</summary>
    public void Dispose()
    {
        _dispatcher.Dispose();
        _channel.Dispose();
    }

    private int MaxDmaBytes => Math.Min(_client?.MaxDataTransferBytes ?? 0, _options.Capabilities.MaxDataTransferBytes);

    private bool Negotiate()
    {
        var command = _channel.NextCommand(_options.HandshakeTimeout);
        if (command is null)
        {
            return false;
        }

        try
        {
            if (command.Header.Command != VfioUserCommand.Version)
            {
                throw new VfioUserProtocolException($"{command.Header.Command} came before VERSION.");
            }

            var version = VersionMessage.Read(command.Payload);
            if (version.Major != VersionMessage.OwnMajor)
            {
                throw new VfioUserProtocolException($"The client speaks version {version.Major}.{version.Minor}, this server {VersionMessage.OwnMajor}.x.");
            }

            var own = _options.Capabilities with { WriteMultiple = _options.Capabilities.WriteMultiple && version.Capabilities.WriteMultiple };
            var answer = VersionMessage.Own(own) with { Minor = Math.Min(version.Minor, VersionMessage.OwnMinor) };
            _client = version.Capabilities;
            _channel.Reply(command.Header, 0, answer.Write(), []);
            return true;
        }
        catch (VfioUserProtocolException e)
        {
            _options.OnError?.Invoke(e);
            _channel.Reply(command.Header, Errno.Invalid, default, []);
            return false;
        }
        finally
        {
            _channel.Return(command);
        }
    }

    private void Answer(IncomingCommand command)
    {
        var errno = _dispatcher.Handle(command.Header.Command, command.Payload, command.Descriptors);
        try
        {
            _channel.Reply(command.Header, errno, _dispatcher.Reply.Payload, _dispatcher.Reply.Descriptors);
        }
        finally
        {
            // Descriptors that were given away are the client's alone.
            _dispatcher.Reply.Clear();
        }
    }

    private bool TryDma(VfioUserCommand command, Iova start, Span<byte> fields, int count, ReadOnlySpan<byte> toWrite, Span<byte> toRead)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(fields, start.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(fields[sizeof(ulong)..], (ulong)count);
        try
        {
            using var reply = _channel.Request(command, fields, toWrite, [], DmaAccessBytes + toRead.Length, _options.DmaTimeout);
            // The count in a reply to DMA_WRITE has four bytes in the specification and eight in its implementations.
            var reader = reply.Reader;
            if (!toRead.IsEmpty)
            {
                reader.Take(DmaAccessBytes);
                reader.Take((ulong)toRead.Length).CopyTo(toRead);
            }

            return true;
        }
        catch (Exception e) when (e is VfioUserException or VfioUserPeerException or VfioUserProtocolException)
        {
            return false;
        }
    }
}

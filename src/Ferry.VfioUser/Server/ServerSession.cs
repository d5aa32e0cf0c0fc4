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
    private readonly IVfioUserDevice _device;
    private readonly VfioUserServerOptions _options;
    private readonly MessageChannel _channel;
    private readonly ReplyBuffer _reply;
    private readonly DmaCommands _dma;
    private readonly RegionCommands _regions;
    private readonly InterruptCommands _interrupts;
    private readonly FeatureCommands _features;
    private volatile VfioUserCapabilities? _client;

    internal ServerSession(IVfioUserDevice device, UnixSocket socket, VfioUserServerOptions options)
    {
        (_device, _options) = (device, options);
        var own = options.Capabilities;
        _channel = new MessageChannel(socket, new ChannelOptions(own.MaxMessageBytes, own.MaxMessageDescriptors, options.MessageTimeout));
        _reply = new ReplyBuffer(own.MaxMessageBytes - MessageHeader.Bytes);
        _dma = new DmaCommands(device, own);
        _regions = new RegionCommands(device, own.MaxDataTransferBytes);
        _interrupts = new InterruptCommands(device);
        _features = new FeatureCommands(device, own, _dma, own.MaxDataTransferBytes);
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
        Guard(_features.StopLogging);
        Guard(_dma.UnmapAll);
        Guard(_interrupts.DisableAll);
        Guard(() => _options.OnClientGone?.Invoke());
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
        _features.Dispose();
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
        _reply.Clear();
        var errno = 0;
        try
        {
            Dispatch(new CommandContext(command.Header.Command, command.Payload, command.Descriptors, _reply));
        }
        catch (VfioUserException e)
        {
            errno = e.Errno is > 0 and <= Errno.Max ? e.Errno : Errno.InputOutput;
            _options.OnError?.Invoke(e);
        }
        catch (VfioUserProtocolException e)
        {
            errno = Errno.Invalid;
            _options.OnError?.Invoke(e);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A device that breaks must not take the server with it: the client sees an error and decides.
            errno = Errno.InputOutput;
            _options.OnError?.Invoke(e);
        }

        _channel.Reply(command.Header, errno, errno == 0 ? _reply.Payload : default, errno == 0 ? _reply.Descriptors : []);
    }

    private void Dispatch(in CommandContext context)
    {
        switch (context.Command)
        {
            case VfioUserCommand.DmaMap: _dma.Map(context); break;
            case VfioUserCommand.DmaUnmap: _dma.Unmap(context, _features.IsLogging); break;
            case VfioUserCommand.GetInfo: _regions.GetInfo(context); break;
            case VfioUserCommand.GetRegionInfo: _regions.GetRegionInfo(context); break;
            case VfioUserCommand.GetRegionIoDescriptors: _regions.GetRegionIoDescriptors(context); break;
            case VfioUserCommand.GetInterruptInfo: _interrupts.GetInfo(context); break;
            case VfioUserCommand.SetInterrupts: _interrupts.Set(context); break;
            case VfioUserCommand.RegionRead: _regions.Read(context); break;
            case VfioUserCommand.RegionWrite: _regions.Write(context); break;
            case VfioUserCommand.RegionWriteMulti: _regions.WriteMultiple(context); break;
            case VfioUserCommand.Reset: _device.Reset(); break;
            case VfioUserCommand.Feature: _features.Handle(context); break;
            case VfioUserCommand.MigrationDataRead: _features.ReadData(context); break;
            case VfioUserCommand.MigrationDataWrite: _features.WriteData(context); break;
            default: throw new VfioUserException(Errno.NoSystemCall, $"{context.Command} is no command that a client may send here.");
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

    private void Guard(Action step)
    {
        try
        {
            step();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _options.OnError?.Invoke(e);
        }
    }
}

using Ferry.Linux.Sockets;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Transport;

namespace Ferry.VfioUser.Server;

/// <summary>Does what one client's commands say, and keeps what the client gave. It knows nothing of sockets and threads.</summary>
internal sealed class CommandDispatcher : IDisposable
{
    private readonly IVfioUserDevice _device;
    private readonly Action<Exception>? _onError;
    private readonly DmaCommands _dma;
    private readonly RegionCommands _regions;
    private readonly InterruptCommands _interrupts;
    private readonly FeatureCommands _features;

    internal CommandDispatcher(IVfioUserDevice device, VfioUserCapabilities limits, Action<Exception>? onError)
    {
        (_device, _onError) = (device, onError);
        Reply = new ReplyBuffer(limits.MaxMessageBytes - MessageHeader.Bytes);
        _dma = new DmaCommands(device, limits);
        _regions = new RegionCommands(device, limits.MaxDataTransferBytes);
        _interrupts = new InterruptCommands(device);
        _features = new FeatureCommands(device, limits, _dma, limits.MaxDataTransferBytes);
    }

    /// <summary>The reply to the last command; empty where it was refused.</summary>
    internal ReplyBuffer Reply { get; }

    /// <summary>Does one command.</summary>
    /// <returns>0, or the errno of its refusal.</returns>
    internal int Handle(VfioUserCommand command, ReadOnlySpan<byte> payload, DescriptorList descriptors)
    {
        var errno = 0;
        Reply.Clear();
        try
        {
            Dispatch(new CommandContext(command, payload, descriptors, Reply));
        }
        catch (VfioUserException e)
        {
            errno = e.Errno is > 0 and <= Errno.Max ? e.Errno : Errno.InputOutput;
            _onError?.Invoke(e);
        }
        catch (VfioUserProtocolException e)
        {
            errno = Errno.Invalid;
            _onError?.Invoke(e);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A device that breaks must not take the server with it: the client sees an error and decides.
            errno = Errno.InputOutput;
            _onError?.Invoke(e);
        }

        if (errno != 0)
        {
            Reply.Clear();
        }

        return errno;
    }

    /// <summary>Takes back from the device all that the client gave it, and then calls <paramref name="then"/>.</summary>
    internal void End(Action? then)
    {
        Guard(_features.StopLogging);
        Guard(_dma.UnmapAll);
        Guard(_interrupts.DisableAll);
        Guard(then ?? (() => { }));
    }

    /// <summary>Frees what was kept.</summary>
    public void Dispose() => _features.Dispose();

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

    private void Guard(Action step)
    {
        try
        {
            step();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _onError?.Invoke(e);
        }
    }
}

using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Sockets;

/// <summary>A TCP socket that takes connections.</summary>
/// <remarks>One thread accepts; <see cref="Stop"/> may come from any. Source: tcp(7), accept4(2).</remarks>
public sealed class StreamListener : IDisposable
{
    private const int Backlog = 64;
    private readonly SafeFileHandle _handle;
    private readonly TimeSpan _timeout;
    private volatile bool _stopped;

    private StreamListener(SafeFileHandle handle, IPEndPoint address, TimeSpan timeout) =>
        (_handle, Address, _timeout) = (handle, address, timeout);

    /// <summary>Where it listens, with the port that the kernel chose where none was given.</summary>
    public IPEndPoint Address { get; }

    /// <summary>Listens at <paramref name="address"/>; port 0 lets the kernel choose one.</summary>
    /// <param name="address">IPv4 or IPv6, and the port.</param>
    /// <param name="timeout">How long any call on an accepted socket may go without progress.</param>
    /// <exception cref="KernelCallException">The address is in use or not this host's, or the call failed.</exception>
    public static unsafe StreamListener Listen(IPEndPoint address, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(address);
        var handle = StreamSocket.Create(address, SocketCalls.TypeNonBlocking);
        try
        {
            // A port that a former migration left in TIME_WAIT must not keep the next one from listening.
            StreamOptions.Set(handle, SocketCalls.LevelSocket, StreamOptions.ReuseAddress, 1, address.ToString());
            var name = address.Serialize();
            fixed (byte* start = name.Buffer.Span)
            {
                Check(SocketCalls.Bind(handle, start, (uint)name.Size), "bind", address);
                Check(SocketCalls.Listen(handle, Backlog), "listen", address);
                var bytes = (uint)name.Size;
                Check(SocketCalls.GetName(handle, start, &bytes), "getsockname", address);
            }

            return new StreamListener(handle, (IPEndPoint)address.Create(name), timeout);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Waits for a connection.</summary>
    /// <returns>Null where none came within <paramref name="timeout"/> or the listener was stopped.</returns>
    /// <exception cref="KernelCallException">The call failed.</exception>
    public unsafe StreamSocket? Accept(TimeSpan timeout)
    {
        var deadline = Deadline.After(timeout);
        var name = Address.Serialize();
        while (!_stopped && Polling.Wait(_handle, SocketCalls.PollIn, deadline, Address.ToString()) && !_stopped)
        {
            int descriptor;
            fixed (byte* start = name.Buffer.Span)
            {
                var bytes = (uint)name.Size;
                descriptor = SocketCalls.Accept(_handle, start, &bytes, SocketCalls.TypeCloseOnExec);
            }

            if (descriptor >= 0)
            {
                return Wrap(new SafeFileHandle(descriptor, ownsHandle: true), Address.Create(name).ToString() ?? "peer");
            }

            var errno = Marshal.GetLastPInvokeError();
            if (!_stopped && errno is not (SocketErrno.Again or SocketErrno.Interrupted or SocketErrno.ConnectionAborted))
            {
                throw new KernelCallException("accept4", errno, Address.ToString());
            }
        }

        return null;
    }

    /// <summary>Refuses connections from now on and wakes whoever waits in <see cref="Accept"/>.</summary>
    public void Stop()
    {
        _stopped = true;
        if (!_handle.IsClosed)
        {
            _ = SocketCalls.Shutdown(_handle, SocketCalls.ShutdownBoth);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private StreamSocket Wrap(SafeFileHandle handle, string peer)
    {
        try
        {
            return new StreamSocket(handle, peer, _timeout);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void Check(int result, string call, IPEndPoint address)
    {
        if (result != 0)
        {
            throw new KernelCallException(call, Marshal.GetLastPInvokeError(), address.ToString());
        }
    }
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Sockets;

/// <summary>A Unix stream socket that takes connections at a path which only its owner may open.</summary>
/// <remarks>One thread accepts; <see cref="Stop"/> may come from any. Source: unix(7).</remarks>
public sealed class UnixListener : IDisposable
{
    private const int Backlog = 16;
    private readonly SafeFileHandle _handle;
    private volatile bool _stopped;

    private UnixListener(SafeFileHandle handle, string path) => (_handle, Path) = (handle, path);

    /// <summary>Where it listens.</summary>
    public string Path { get; }

    /// <summary>Listens at <paramref name="path"/>, with mode 0600. A socket there that nobody listens on any more is replaced.</summary>
    /// <remarks>The path appears when it can be connected to, not before: the socket is made under another name in the same folder.</remarks>
    /// <exception cref="KernelCallException">EADDRINUSE: somebody listens there, or what is there is no socket; or no permission.</exception>
    /// <exception cref="ArgumentException">The path is too long, or its folder's.</exception>
    public static UnixListener Listen(string path)
    {
        var address = UnixAddress.Of(path);
        var making = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path) ?? "", $".{Guid.NewGuid():n}"[..10]);
        var handle = UnixSocket.Create();
        try
        {
            Bind(handle, making);
            try
            {
                File.SetUnixFileMode(making, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                if (SocketCalls.Listen(handle, Backlog) != 0)
                {
                    throw new KernelCallException("listen", Marshal.GetLastPInvokeError(), path);
                }

                Publish(making, path, in address);
            }
            catch
            {
                File.Delete(making);
                throw;
            }

            return new UnixListener(handle, path);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Whether what is at <paramref name="path"/> is a socket; symbolic links are not followed.</summary>
    public static unsafe bool IsSocket(string path)
    {
        FileStatus status;
        return SocketCalls.Status(SocketCalls.AtWorkingDirectory, path, SocketCalls.AtNoFollow, SocketCalls.StatusType, &status) == 0
            && (status.Mode & FileStatus.TypeMask) == FileStatus.TypeSocket;
    }

    /// <summary>Waits for a connection.</summary>
    /// <returns>Null where none came within <paramref name="timeout"/> or the listener was stopped.</returns>
    /// <exception cref="KernelCallException">The call failed.</exception>
    public unsafe UnixSocket? Accept(TimeSpan timeout)
    {
        var deadline = Deadline.After(timeout);
        while (!_stopped && Polling.Wait(_handle, SocketCalls.PollIn, deadline, Path) && !_stopped)
        {
            var descriptor = SocketCalls.Accept(_handle, null, null, SocketCalls.TypeNonBlocking | SocketCalls.TypeCloseOnExec);
            if (descriptor >= 0)
            {
                return new UnixSocket(new SafeFileHandle(descriptor, ownsHandle: true), Path);
            }

            var errno = Marshal.GetLastPInvokeError();
            if (!_stopped && errno is not (SocketErrno.Again or SocketErrno.Interrupted or SocketErrno.ConnectionAborted))
            {
                throw new KernelCallException("accept4", errno, Path);
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

    /// <summary>Stops, closes and removes the path.</summary>
    public void Dispose()
    {
        if (_handle.IsClosed)
        {
            return;
        }

        Stop();
        File.Delete(Path);
        _handle.Dispose();
    }

    private static unsafe void Bind(SafeFileHandle handle, string path)
    {
        var address = UnixAddress.Of(path);
        if (SocketCalls.Bind(handle, &address, (uint)sizeof(UnixAddress)) != 0)
        {
            throw new KernelCallException("bind", Marshal.GetLastPInvokeError(), path);
        }
    }

    private static void Publish(string making, string path, in UnixAddress address)
    {
        for (var attempt = 0; !TryRename(making, path, out var errno); attempt++)
        {
            if (errno != SocketErrno.Exists)
            {
                throw new KernelCallException("renameat2", errno, $"{making} to {path}");
            }

            if (attempt > 0 || !IsStale(path, in address))
            {
                throw new KernelCallException("bind", SocketErrno.AddressInUse, path);
            }

            File.Delete(path);
        }
    }

    private static bool TryRename(string from, string to, out int errno)
    {
        var done = SocketCalls.Rename(SocketCalls.AtWorkingDirectory, from, SocketCalls.AtWorkingDirectory, to, SocketCalls.RenameNoReplace) == 0;
        errno = done ? 0 : Marshal.GetLastPInvokeError();
        return done;
    }

    // A connection to what is no socket is refused too, so the mere refusal says nothing about a file.
    private static bool IsStale(string path, in UnixAddress address)
    {
        if (!IsSocket(path))
        {
            return false;
        }

        using var probe = UnixSocket.Create();
        return UnixSocket.TryConnect(probe, in address) == SocketErrno.ConnectionRefused;
    }
}

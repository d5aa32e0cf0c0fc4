using System.Net.Sockets;
using Ferry.Linux.Sockets;

namespace Ferry.Cli.Control;

/// <summary>Unix sockets that only their owner can reach, and what is left of them when a process dies.</summary>
internal static class ControlSocket
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Listens at <paramref name="path"/> with mode 0600. A socket on which nobody listens any more is replaced.</summary>
    /// <exception cref="IOException">Somebody listens there, the file is no socket, or it can't be made.</exception>
    public static Socket Listen(string path, int backlog)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }

        RemoveStale(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Nobody can connect between the two: a bound socket refuses until it listens.
            socket.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, OwnerOnly);
            socket.Listen(backlog);
            return socket;
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            throw new IOException($"control socket {path}: {e.Message}", e);
        }
    }

    /// <summary>Connects to <paramref name="path"/>.</summary>
    /// <exception cref="IOException">Nobody listens there.</exception>
    public static async Task<Socket> ConnectAsync(string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation).ConfigureAwait(false);
            return socket;
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            socket.Dispose();
            var reason = e is SocketException { SocketErrorCode: SocketError.ConnectionRefused }
                ? "nobody listens there any more: the process that made it is gone"
                : !File.Exists(path) ? "there is no such socket; is the machine running, and is this the path that 'ferry run' printed?" : e.Message;
            throw new IOException($"control socket {path}: {reason}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void RemoveStale(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused && UnixListener.IsSocket(path))
        {
            File.Delete(path);
            return;
        }
        catch (SocketException e)
        {
            throw new IOException($"control socket {path}: a file is there that can't be replaced ({e.Message}); remove it or choose another path", e);
        }

        throw new IOException($"control socket {path}: another process serves it; stop that one, or choose another path in [control] of the machine file");
    }
}

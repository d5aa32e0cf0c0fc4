using System.Net;
using Ferry.Linux.Sockets;

namespace Ferry.Migration.Transport;

/// <summary>Takes TCP connections in the clear.</summary>
public sealed class TcpConnectionListener : IConnectionListener, IDisposable
{
    private readonly StreamListener _listener;

    /// <summary>Listens at <paramref name="address"/>; port 0 lets the kernel choose one.</summary>
    /// <param name="address">The address and port.</param>
    /// <param name="timeout">How long a call on an accepted connection may go without progress.</param>
    /// <exception cref="Ferry.Linux.KernelCallException">The address is in use, or not this host's.</exception>
    public TcpConnectionListener(IPEndPoint address, TimeSpan timeout) => _listener = StreamListener.Listen(address, timeout);

    /// <summary>Where it listens, with the port that the kernel chose where none was given.</summary>
    public IPEndPoint EndPoint => _listener.Address;

    /// <inheritdoc/>
    public string Address => _listener.Address.ToString();

    /// <inheritdoc/>
    public IConnection? Accept(TimeSpan timeout) => _listener.Accept(timeout) is { } socket ? new TcpConnection(socket) : null;

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();
}

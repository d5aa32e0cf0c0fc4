using System.Net;
using Ferry.Linux.Sockets;

namespace Ferry.Migration.Transport;

/// <summary>Connects by TCP in the clear: for loopback, or a network that only trusted hosts reach.</summary>
/// <param name="address">The destination's address and port.</param>
/// <param name="connectTimeout">How long to wait for a connection.</param>
/// <param name="timeout">How long a call on a connection may go without progress.</param>
public sealed class TcpConnector(IPEndPoint address, TimeSpan connectTimeout, TimeSpan timeout) : IConnector
{
    /// <inheritdoc/>
    public string Peer { get; } = address.ToString();

    /// <inheritdoc/>
    public IConnection Connect() => new TcpConnection(StreamSocket.Connect(address, connectTimeout, timeout));
}

using Ferry.Linux.Sockets;

namespace Ferry.Migration.Transport;

/// <summary>A TCP connection in the clear.</summary>
internal sealed class TcpConnection(StreamSocket socket) : IConnection
{
    public string Peer => socket.Peer;

    public void Send(ReadOnlySpan<MemorySegment> segments) => socket.Send(segments);

    public void Receive(ReadOnlySpan<MemorySegment> segments, TimeSpan? within = null) => socket.Receive(segments, within);

    public bool WaitToReceive(TimeSpan timeout) => socket.WaitToReceive(timeout);

    public void Abort() => socket.Shutdown();

    public void Dispose()
    {
        socket.Shutdown();
        socket.Dispose();
    }
}

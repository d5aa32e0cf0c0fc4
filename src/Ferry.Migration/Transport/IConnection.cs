using Ferry.Linux.Sockets;

namespace Ferry.Migration.Transport;

/// <summary>A reliable, ordered stream of bytes to the other side.</summary>
/// <remarks>One thread may send while another receives; <see cref="Abort"/> may come from any. Every failure of the stream is an
/// <see cref="IOException"/> or a <see cref="TimeoutException"/>; after one the connection is of no more use.</remarks>
public interface IConnection : IDisposable
{
    /// <summary>Who is at the other end, for messages.</summary>
    string Peer { get; }

    /// <summary>Sends all bytes of all segments, in order. Allocates nothing.</summary>
    void Send(ReadOnlySpan<MemorySegment> segments);

    /// <summary>Fills all segments, in order. Allocates nothing.</summary>
    /// <param name="segments">What to fill.</param>
    /// <param name="within">How long it may take as a whole, however slowly the peer sends; null for as long as something comes.</param>
    /// <exception cref="EndOfStreamException">The peer ended the stream.</exception>
    void Receive(ReadOnlySpan<MemorySegment> segments, TimeSpan? within = null);

    /// <summary>Waits until something can be received: bytes, or the end of the stream.</summary>
    /// <returns>False where nothing came within <paramref name="timeout"/>.</returns>
    bool WaitToReceive(TimeSpan timeout);

    /// <summary>Ends the stream and wakes whoever waits in a call.</summary>
    void Abort();
}

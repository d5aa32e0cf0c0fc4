using System.Text;
using Ferry.Linux.Sockets;
using Ferry.Migration.Execution;
using Ferry.Migration.Transport;

namespace Ferry.Migration.Wire;

/// <summary>Control frames in both directions over one connection.</summary>
/// <remarks>Any thread may send, one at a time is let through; one thread receives. A payload that was received is valid until the next call
/// of <see cref="TryReceive"/>. A frame that began has to come whole within a time, and where the migration was cancelled at once: a peer that
/// sends byte by byte holds nobody.</remarks>
internal sealed class ControlChannel : IDisposable
{
    // For a frame that is under way when the migration is cancelled, and for all that come after.
    private static readonly TimeSpan CancelledFrameWait = TimeSpan.FromMilliseconds(500);

    private readonly EngineHost _host;
    private readonly IConnection _connection;
    private readonly TimeSpan _frameWait;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenRegistration _registration;
    private readonly NativeBuffer _send = new(ControlHeader.LengthBytes + ControlHeader.MaxPayloadBytes);
    private readonly NativeBuffer _receive = new(ControlHeader.LengthBytes + ControlHeader.MaxPayloadBytes);
    private readonly EngineSemaphore _gate;
    private uint _sent;
    private uint _received;
    private int _receivedBytes;
    private bool _isReceiving;

    internal ControlChannel(EngineHost host, IConnection connection, TimeSpan frameWait, CancellationToken cancellation)
    {
        (_host, _connection, _frameWait, _cancellation) = (host, connection, frameWait, cancellation);
        _gate = host.NewSemaphore(1);
        _registration = cancellation.Register(AbortFrame);
    }

    internal IConnection Connection => _connection;

    /// <summary>Where a payload may be built in place for <see cref="SendBuilt"/>; only where a single thread sends.</summary>
    internal Span<byte> Payload => _send.Span[ControlHeader.LengthBytes..];

    /// <summary>The payload received last.</summary>
    internal ReadOnlySpan<byte> Received => _receive.Span.Slice(ControlHeader.LengthBytes, _receivedBytes);

    internal void Send(ControlKind kind, ReadOnlySpan<byte> payload)
    {
        _gate.Wait();
        try
        {
            payload.CopyTo(Payload);
            SendFrame(kind, payload.Length);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Sends a text, cut where it is too long, after <paramref name="prefix"/>.</summary>
    internal void SendText(ControlKind kind, ReadOnlySpan<byte> prefix, string text)
    {
        var bytes = new byte[prefix.Length + ControlHeader.MaxTextBytes];
        prefix.CopyTo(bytes);
        _ = Encoding.UTF8.TryGetBytes(text.AsSpan(0, Math.Min(text.Length, ControlHeader.MaxTextBytes / 3)), bytes.AsSpan(prefix.Length), out var length);
        Send(kind, bytes.AsSpan(0, prefix.Length + length));
    }

    /// <summary>Sends what was built in <see cref="Payload"/>. Allocates nothing.</summary>
    internal void SendBuilt(ControlKind kind, int payloadBytes)
    {
        _gate.Wait();
        try
        {
            SendFrame(kind, payloadBytes);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Receives a frame if one begins to arrive within <paramref name="timeout"/>. Allocates nothing.</summary>
    /// <exception cref="StreamProtocolException">What came is no frame, or was altered.</exception>
    internal bool TryReceive(TimeSpan timeout, out ControlKind kind)
    {
        kind = default;
        if (!_connection.WaitToReceive(timeout))
        {
            return false;
        }

        Volatile.Write(ref _isReceiving, true);
        var wait = _cancellation.IsCancellationRequested && _frameWait > CancelledFrameWait ? CancelledFrameWait : _frameWait;
        var header = ReceiveFrame(wait);
        Volatile.Write(ref _isReceiving, false);
        _receivedBytes = header.PayloadBytes;
        header.Check(_receive.Span, Received);
        _received++;
        kind = header.Kind;
        return true;
    }

    public void Dispose()
    {
        _registration.Dispose();
        _connection.Dispose();
        _send.Dispose();
        _receive.Dispose();
        _gate.Dispose();
    }

    private void SendFrame(ControlKind kind, int payloadBytes)
    {
        ControlHeader.Write(_send.Span, kind, payloadBytes, _sent++);
        Span<MemorySegment> segments = [_send.Segment(0, ControlHeader.LengthBytes + payloadBytes)];
        _connection.Send(segments);
    }

    private ControlHeader ReceiveFrame(TimeSpan wait)
    {
        var began = _host.Now();
        try
        {
            Span<MemorySegment> segments = [_receive.Segment(0, ControlHeader.LengthBytes)];
            _connection.Receive(segments, wait);
            var header = ControlHeader.Parse(_receive.Span, _received);
            var left = wait - _host.Since(began);
            segments[0] = _receive.Segment(ControlHeader.LengthBytes, header.PayloadBytes);
            _connection.Receive(segments, left > TimeSpan.Zero ? left : TimeSpan.Zero);
            return header;
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{_connection.Peer} did not send all of a control frame in {wait.TotalSeconds:0.#} s.");
        }
    }

    private void AbortFrame()
    {
        if (Volatile.Read(ref _isReceiving))
        {
            _connection.Abort();
        }
    }
}

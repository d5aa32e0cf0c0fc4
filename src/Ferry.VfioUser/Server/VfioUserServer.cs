using Ferry.Linux.Sockets;
using Ferry.Memory;

namespace Ferry.VfioUser.Server;

/// <summary>Serves one device to one client at a time over a Unix socket.</summary>
/// <remarks>
/// When a client goes, in whatever way, logging is stopped, all its memory is unmapped and its interrupts are disabled; then the next is
/// waited for. Further clients wait until then. What a client may send wrongly is answered by an error or ends its connection. What the
/// device throws is answered by an error. It is also how the device does DMA by messages. Source: QEMU docs/interop/vfio-user.rst.
/// </remarks>
public sealed class VfioUserServer : IDmaMessages, IDisposable
{
    private readonly IVfioUserDevice _device;
    private readonly UnixListener _listener;
    private readonly VfioUserServerOptions _options;
    private readonly object _running = new();
    private volatile ServerSession? _session;
    private volatile bool _stopped;

    /// <summary>A server that has not begun to serve; clients can connect already and wait.</summary>
    /// <param name="device">What to serve; stays the caller's.</param>
    /// <param name="listener">Where; belongs to the server from now on.</param>
    /// <param name="options">How, or null for the defaults.</param>
    public VfioUserServer(IVfioUserDevice device, UnixListener listener, VfioUserServerOptions? options = null) =>
        (_device, _listener, _options) = (device, listener, options ?? new VfioUserServerOptions());

    /// <summary>Whether a client is connected now.</summary>
    public bool HasClient => _session is not null;

    /// <summary>Serves until <see cref="Stop"/>. The device is called on this thread.</summary>
    /// <exception cref="Linux.KernelCallException">The listener failed.</exception>
    public void Run()
    {
        lock (_running)
        {
            while (!_stopped && _listener.Accept(Timeout.InfiniteTimeSpan) is { } socket)
            {
                Serve(socket);
            }
        }
    }

    /// <summary>Ends the client's connection and lets <see cref="Run"/> return. From any thread; may be repeated.</summary>
    public void Stop()
    {
        _stopped = true;
        _listener.Stop();
        _session?.End(new OperationCanceledException("The server was stopped."));
    }

    /// <inheritdoc/>
    public bool TryRead(Iova start, Span<byte> data) => _session is { } session && session.TryRead(start, data);

    /// <inheritdoc/>
    public bool TryWrite(Iova start, ReadOnlySpan<byte> data) => _session is { } session && session.TryWrite(start, data);

    /// <summary>Stops, waits until <see cref="Run"/> has returned, and removes the socket.</summary>
    public void Dispose()
    {
        Stop();
        lock (_running)
        {
            _listener.Dispose();
        }
    }

    /// <summary>Serves one connection until it ends.</summary>
    internal void Serve(UnixSocket socket)
    {
        using var session = new ServerSession(_device, socket, _options);
        _session = session;
        if (_stopped)
        {
            session.End(new OperationCanceledException("The server was stopped."));
        }

        try
        {
            session.Run();
        }
        finally
        {
            _session = null;
        }
    }
}

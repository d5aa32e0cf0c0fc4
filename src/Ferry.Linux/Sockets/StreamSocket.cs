using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Sockets;

/// <summary>A connected TCP socket, used by blocking calls straight from and into native memory.</summary>
/// <remarks>One thread may send while another receives; <see cref="Shutdown"/> and <see cref="Dispose"/> may come from any. Every call that
/// makes no progress for the socket's timeout gives up. Source: tcp(7), socket(7), sendmsg(2), recvmsg(2).</remarks>
public sealed class StreamSocket : IDisposable
{
    private const int MaxVectors = 1024;
    private readonly SafeFileHandle _handle;
    private readonly TimeSpan _timeout;

    internal StreamSocket(SafeFileHandle handle, string peer, TimeSpan timeout)
    {
        (_handle, Peer, _timeout) = (handle, peer, timeout);
        SetTimeouts(handle, timeout, peer);
        var milliseconds = (int)Math.Min(timeout.TotalMilliseconds, int.MaxValue);
        StreamOptions.Set(handle, StreamOptions.LevelTcp, StreamOptions.TcpNoDelay, 1, peer);
        StreamOptions.Set(handle, StreamOptions.LevelTcp, StreamOptions.TcpUserTimeout, milliseconds, peer);
        StreamOptions.Set(handle, SocketCalls.LevelSocket, StreamOptions.KeepAlive, 1, peer);
        StreamOptions.Set(handle, StreamOptions.LevelTcp, StreamOptions.TcpKeepIdle, 5, peer);
        StreamOptions.Set(handle, StreamOptions.LevelTcp, StreamOptions.TcpKeepInterval, 5, peer);
    }

    /// <summary>Who is at the other end, for messages.</summary>
    public string Peer { get; }

    /// <summary>Connects to <paramref name="address"/>.</summary>
    /// <param name="address">IPv4 or IPv6, and the port.</param>
    /// <param name="connectTimeout">How long to wait for the connection.</param>
    /// <param name="timeout">How long any later call may go without progress.</param>
    /// <exception cref="KernelCallException">Nobody listens there, or the call failed.</exception>
    /// <exception cref="TimeoutException">Nobody answered in time.</exception>
    public static unsafe StreamSocket Connect(IPEndPoint address, TimeSpan connectTimeout, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(address);
        var peer = address.ToString();
        var handle = Create(address);
        try
        {
            // The send timeout also bounds connect.
            SetTimeouts(handle, connectTimeout, peer);
            fixed (byte* start = address.Serialize().Buffer.Span)
            {
                if (SocketCalls.Connect(handle, start, (uint)address.Serialize().Size) != 0)
                {
                    var errno = Marshal.GetLastPInvokeError();
                    throw errno is StreamOptions.InProgress or SocketErrno.Again
                        ? new TimeoutException($"connect: {peer} did not answer in {connectTimeout.TotalSeconds:0.#} s.")
                        : new KernelCallException("connect", errno, peer);
                }
            }

            return new StreamSocket(handle, peer, timeout);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Sends all bytes of all segments, in order, without copying them first.</summary>
    /// <remarks>After an exception part of the bytes may have left: the stream is of no more use. Allocates nothing.</remarks>
    /// <exception cref="TimeoutException">The peer took nothing for the socket's timeout.</exception>
    /// <exception cref="KernelCallException">The peer is gone, the socket was shut down, or the call failed.</exception>
    [SkipLocalsInit]
    public unsafe void Send(ReadOnlySpan<MemorySegment> segments)
    {
        var vectors = stackalloc IoVector[Math.Min(segments.Length, MaxVectors)];
        while (segments.Length > 0)
        {
            var count = Take(ref segments, vectors);
            var first = vectors;
            while (Skip(ref first, ref count, 0))
            {
                var message = new SocketMessage { Vectors = first, VectorCount = (nuint)count };
                var done = SocketCalls.SendMessage(_handle, &message, SocketCalls.MessageNoSignal);
                if (done < 0)
                {
                    ThrowUnlessInterrupted("sendmsg", "take");
                    continue;
                }

                _ = Skip(ref first, ref count, (nuint)done);
            }
        }
    }

    /// <summary>Fills all segments, in order.</summary>
    /// <param name="segments">What to fill.</param>
    /// <param name="within">How long it may take as a whole; null for as long as the peer sends something within each of the socket's timeouts.</param>
    /// <remarks>After an exception the stream is of no more use. Allocates nothing.</remarks>
    /// <exception cref="EndOfStreamException">The peer ended the stream, or the socket was shut down here.</exception>
    /// <exception cref="TimeoutException">The peer sent nothing, or too little, in time.</exception>
    /// <exception cref="KernelCallException">The connection broke, or the call failed.</exception>
    [SkipLocalsInit]
    public unsafe void Receive(ReadOnlySpan<MemorySegment> segments, TimeSpan? within = null)
    {
        var deadline = Deadline.After(within ?? Timeout.InfiniteTimeSpan);
        var flags = within is null ? StreamOptions.MessageWaitAll : SocketCalls.MessageDontWait;
        var vectors = stackalloc IoVector[Math.Min(segments.Length, MaxVectors)];
        while (segments.Length > 0)
        {
            var count = Take(ref segments, vectors);
            var first = vectors;
            while (Skip(ref first, ref count, 0))
            {
                if (within is not null && !Polling.Wait(_handle, SocketCalls.PollIn, deadline, Peer))
                {
                    throw new TimeoutException($"recvmsg: {Peer} did not send all of a message in {within.Value.TotalSeconds:0.#} s.");
                }

                var message = new SocketMessage { Vectors = first, VectorCount = (nuint)count };
                var done = SocketCalls.ReceiveMessage(_handle, &message, flags);
                if (done < 0)
                {
                    if (within is null || Marshal.GetLastPInvokeError() != SocketErrno.Again)
                    {
                        ThrowUnlessInterrupted("recvmsg", "send");
                    }

                    continue;
                }

                if (done == 0)
                {
                    throw new EndOfStreamException($"{Peer}: the stream ended.");
                }

                _ = Skip(ref first, ref count, (nuint)done);
            }
        }
    }

    /// <summary>Waits until something can be received: bytes, or the end of the stream.</summary>
    /// <returns>False where nothing came within <paramref name="timeout"/>.</returns>
    /// <exception cref="KernelCallException">The call failed.</exception>
    public bool WaitToReceive(TimeSpan timeout) => Polling.Wait(_handle, SocketCalls.PollIn, Deadline.After(timeout), Peer);

    /// <summary>Ends the stream in both directions and wakes whoever waits in a call; the peer sees its end. May be repeated.</summary>
    public void Shutdown()
    {
        if (!_handle.IsClosed)
        {
            // It fails only where the peer has gone, which is what is wanted.
            _ = SocketCalls.Shutdown(_handle, SocketCalls.ShutdownBoth);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    internal static SafeFileHandle Create(IPEndPoint address, int flags = 0)
    {
        var family = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            ? StreamOptions.AddressFamilyInternet6
            : StreamOptions.AddressFamilyInternet;
        var descriptor = SocketCalls.Socket(family, SocketCalls.TypeStream | SocketCalls.TypeCloseOnExec | flags, 0);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new KernelCallException("socket", Marshal.GetLastPInvokeError(), address.ToString());
    }

    private static unsafe int Take(ref ReadOnlySpan<MemorySegment> segments, IoVector* vectors)
    {
        var count = Math.Min(segments.Length, MaxVectors);
        MemoryMarshal.Cast<MemorySegment, IoVector>(segments[..count]).CopyTo(new Span<IoVector>(vectors, count));
        segments = segments[count..];
        return count;
    }

    // Steps over done bytes and over empty vectors; false where nothing is left.
    private static unsafe bool Skip(ref IoVector* first, ref int count, nuint done)
    {
        while (count > 0 && done >= first->LengthBytes)
        {
            done -= first->LengthBytes;
            first++;
            count--;
        }

        if (count > 0)
        {
            *first = new IoVector((byte*)first->Start + done, first->LengthBytes - done);
        }

        return count > 0;
    }

    private static unsafe void SetTimeouts(SafeFileHandle handle, TimeSpan timeout, string subject)
    {
        var value = stackalloc long[2];
        var microseconds = Math.Max(1, (long)timeout.TotalMicroseconds);
        (value[0], value[1]) = (microseconds / 1_000_000, microseconds % 1_000_000);
        foreach (var name in (ReadOnlySpan<int>)[StreamOptions.SendTimeout, StreamOptions.ReceiveTimeout])
        {
            if (SocketCalls.SetOption(handle, SocketCalls.LevelSocket, name, value, 2 * sizeof(long)) != 0)
            {
                throw new KernelCallException("setsockopt", Marshal.GetLastPInvokeError(), subject);
            }
        }
    }

    private void ThrowUnlessInterrupted(string call, string verb)
    {
        switch (Marshal.GetLastPInvokeError())
        {
            case SocketErrno.Interrupted:
                return;
            case SocketErrno.Again:
                throw new TimeoutException($"{call}: {Peer} did not {verb} anything for {_timeout.TotalSeconds:0.#} s.");
            case var errno:
                throw new KernelCallException(call, errno, Peer);
        }
    }
}

using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Sockets;

/// <summary>A connected Unix stream socket that passes bytes and descriptors.</summary>
/// <remarks>One thread may send while another receives; two that do the same need a lock of their own. <see cref="Shutdown"/> may come
/// from any thread and wakes both. Sending and receiving allocate nothing but the handles of descriptors that arrive.
/// Source: unix(7), cmsg(3).</remarks>
public sealed class UnixSocket : IDisposable
{
    private static readonly TimeSpan ConnectPause = TimeSpan.FromMilliseconds(5);
    private readonly SafeFileHandle _handle;

    internal UnixSocket(SafeFileHandle handle, string peer) => (_handle, Peer) = (handle, peer);

    /// <summary>Who is at the other end, for messages: the socket's path.</summary>
    public string Peer { get; }

    /// <summary>Connects to the listener at <paramref name="path"/>.</summary>
    /// <param name="path">Where it listens.</param>
    /// <param name="wait">How long to wait for a listener to appear and to take the connection; zero tries once.</param>
    /// <exception cref="KernelCallException">No listener within that time, or no permission.</exception>
    /// <exception cref="ArgumentException">The path is too long.</exception>
    public static UnixSocket Connect(string path, TimeSpan wait)
    {
        var address = UnixAddress.Of(path);
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var handle = Create();
            var errno = TryConnect(handle, in address);
            if (errno == 0)
            {
                return new UnixSocket(handle, path);
            }

            handle.Dispose();
            if (errno is not (SocketErrno.NoEntry or SocketErrno.ConnectionRefused or SocketErrno.Again or SocketErrno.Interrupted)
                || Stopwatch.GetElapsedTime(started) >= wait)
            {
                throw new KernelCallException("connect", errno, path);
            }

            Thread.Sleep(ConnectPause);
        }
    }

    /// <summary>Two sockets that are connected to each other.</summary>
    public static unsafe (UnixSocket First, UnixSocket Second) CreatePair()
    {
        var descriptors = stackalloc int[2];
        const int type = SocketCalls.TypeStream | SocketCalls.TypeNonBlocking | SocketCalls.TypeCloseOnExec;
        return SocketCalls.SocketPair(SocketCalls.AddressFamilyUnix, type, 0, descriptors) == 0
            ? (new UnixSocket(new SafeFileHandle(descriptors[0], ownsHandle: true), "pair"),
               new UnixSocket(new SafeFileHandle(descriptors[1], ownsHandle: true), "pair"))
            : throw new KernelCallException("socketpair", Marshal.GetLastPInvokeError(), "AF_UNIX");
    }

    /// <summary>Sends all of <paramref name="first"/> and then all of <paramref name="second"/>, with <paramref name="descriptors"/> at the first byte.</summary>
    /// <remarks>After an exception part of the bytes may have left: the stream is of no more use.</remarks>
    /// <exception cref="TimeoutException">The peer did not take all within <paramref name="timeout"/>.</exception>
    /// <exception cref="KernelCallException">The peer is gone, or the call failed.</exception>
    /// <exception cref="ArgumentException">Too many descriptors, or descriptors without a byte.</exception>
    public unsafe void Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<SafeFileHandle> descriptors, TimeSpan timeout)
    {
        if (descriptors.Length > DescriptorList.MaxCapacity || (descriptors.Length > 0 && first.Length + second.Length == 0))
        {
            throw new ArgumentException(
                $"{descriptors.Length} descriptors: at most {DescriptorList.MaxCapacity} travel with at least one byte.", nameof(descriptors));
        }

        var deadline = Deadline.After(timeout);
        using var control = new ControlData(descriptors, stackalloc byte[ControlData.BytesFor(descriptors.Length)]);
        var vectors = stackalloc IoVector[2];
        fixed (byte* firstStart = first, secondStart = second, controlStart = control.Bytes)
        {
            nuint sent = 0, total = (nuint)first.Length + (nuint)second.Length;
            while (sent < total)
            {
                var inFirst = Math.Min(sent, (nuint)first.Length);
                vectors[0] = new IoVector(firstStart + inFirst, (nuint)first.Length - inFirst);
                vectors[1] = new IoVector(secondStart + (sent - inFirst), (nuint)second.Length - (sent - inFirst));
                var message = new SocketMessage { Vectors = vectors, VectorCount = 2 };
                if (sent == 0)
                {
                    message.Control = controlStart;
                    message.ControlBytes = (nuint)control.Bytes.Length;
                }

                var done = SocketCalls.SendMessage(_handle, &message, SocketCalls.MessageDontWait | SocketCalls.MessageNoSignal);
                sent += done > 0 ? (nuint)done : 0;
                if (done < 0)
                {
                    WaitAfter("sendmsg", SocketCalls.PollOut, deadline);
                }
            }
        }
    }

    /// <summary>Fills <paramref name="data"/>, and puts descriptors that come with it into <paramref name="descriptors"/>.</summary>
    /// <returns>False where the peer ended the stream before the first byte.</returns>
    /// <param name="data">Where to; an empty one returns true at once.</param>
    /// <param name="descriptors">Where descriptors go; null where none are allowed. They are closed on exec.</param>
    /// <param name="timeout">How long to wait for all of it.</param>
    /// <exception cref="TimeoutException">The bytes did not all come in time; those that came are lost, as the stream is.</exception>
    /// <exception cref="EndOfStreamException">The peer ended the stream in the middle.</exception>
    /// <exception cref="DescriptorLimitException">More descriptors came than there is room for; the stream is of no more use.</exception>
    /// <exception cref="KernelCallException">The call failed.</exception>
    public unsafe bool Receive(Span<byte> data, DescriptorList? descriptors, TimeSpan timeout)
    {
        var deadline = Deadline.After(timeout);
        var room = descriptors is null ? 0 : descriptors.Capacity - descriptors.Count;
        // Even where no descriptor is allowed the kernel is given room for one, so that one which comes is seen and closed.
        Span<byte> control = stackalloc byte[ControlData.BytesFor(Math.Max(room, 1))];
        var received = 0;
        while (received < data.Length)
        {
            nint done;
            fixed (byte* start = data[received..], controlStart = control)
            {
                var vector = new IoVector(start, (nuint)(data.Length - received));
                var message = new SocketMessage
                {
                    Vectors = &vector,
                    VectorCount = 1,
                    Control = controlStart,
                    ControlBytes = (nuint)control.Length,
                };
                done = SocketCalls.ReceiveMessage(_handle, &message, SocketCalls.MessageDontWait | SocketCalls.MessageCloseOnExec);
                if (done >= 0 && (message.ControlBytes > 0 || (message.Flags & SocketCalls.MessageControlTruncated) != 0))
                {
                    ControlData.Take(control[..(int)message.ControlBytes], message.Flags, descriptors, Peer);
                }
            }

            if (done == 0)
            {
                return received == 0 ? false : throw new EndOfStreamException($"{Peer}: the stream ended after {received} of {data.Length} bytes.");
            }

            if (done < 0)
            {
                WaitAfter("recvmsg", SocketCalls.PollIn, deadline);
            }

            received += (int)Math.Max(done, 0);
        }

        return true;
    }

    /// <summary>Waits until something can be received: bytes, or the end of the stream.</summary>
    /// <returns>False where nothing came within <paramref name="timeout"/>.</returns>
    /// <exception cref="KernelCallException">The call failed.</exception>
    public bool WaitToReceive(TimeSpan timeout) => Polling.Wait(_handle, SocketCalls.PollIn, Deadline.After(timeout), Peer);

    /// <summary>Ends the stream in both directions and wakes whoever waits in a call; the peer sees its end. May be repeated.</summary>
    public void Shutdown()
    {
        // It fails only where the peer has gone, which is what is wanted.
        if (!_handle.IsClosed)
        {
            _ = SocketCalls.Shutdown(_handle, SocketCalls.ShutdownBoth);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    internal static SafeFileHandle Create()
    {
        const int type = SocketCalls.TypeStream | SocketCalls.TypeNonBlocking | SocketCalls.TypeCloseOnExec;
        var descriptor = SocketCalls.Socket(SocketCalls.AddressFamilyUnix, type, 0);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new KernelCallException("socket", Marshal.GetLastPInvokeError(), "AF_UNIX");
    }

    internal static unsafe int TryConnect(SafeFileHandle handle, in UnixAddress address)
    {
        fixed (UnixAddress* start = &address)
        {
            return SocketCalls.Connect(handle, start, (uint)sizeof(UnixAddress)) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    private void WaitAfter(string call, short events, Deadline deadline)
    {
        var errno = Marshal.GetLastPInvokeError();
        if (errno == SocketErrno.Interrupted)
        {
            return;
        }

        if (errno != SocketErrno.Again)
        {
            throw new KernelCallException(call, errno, Peer);
        }

        if (!Polling.Wait(_handle, events, deadline, Peer))
        {
            throw new TimeoutException($"{call}: {Peer} did not {(events == SocketCalls.PollIn ? "send" : "take")} the rest of a message in time.");
        }
    }
}

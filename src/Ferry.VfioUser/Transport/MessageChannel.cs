using System.Diagnostics;
using Ferry.Linux.Sockets;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Ferry.VfioUser.Transport;

/// <summary>One end of a connection, which sends requests and answers commands at the same time. Both ends use it.</summary>
/// <remarks>
/// Any number of threads make requests; one thread takes the peer's commands. Whoever waits, for a reply or for a command, and finds
/// nobody reading, reads: one message, which goes to the request that it answers or to the queue of commands. So a reply arrives also
/// while the command thread is busy in a device that waits for that very reply.
/// <code>
///   request threads --+                        +--> slot of the request (by id) --> its thread
///                     +-- one reads a message -+
///   command thread  --+                        +--> queue of commands (bounded) --> command thread
/// </code>
/// A broken stream fails every request at once and for good. Requests and commands allocate nothing once their buffers have grown.
/// </remarks>
internal sealed class MessageChannel : IDisposable
{
    internal const int SlotCount = 64;
    internal const int SmallReplyBytes = 4096;
    private const int BulkSlots = 4;
    private const int MaxQueuedCommands = 64;
    private const int MaxQueuedBytes = 8 << 20;
    private const int MaxSpareCommands = 4;

    private readonly UnixSocket _socket;
    private readonly ChannelOptions _options;
    private readonly object _gate = new();
    private readonly object _sendGate = new();
    private readonly RequestSlot[] _slots = new RequestSlot[SlotCount];
    private readonly Queue<IncomingCommand> _commands = new(MaxQueuedCommands);
    private readonly Stack<IncomingCommand> _spare = new(MaxSpareCommands);
    private readonly DescriptorList _arriving;
    private readonly byte[] _headerBytes = new byte[MessageHeader.Bytes];
    private readonly byte[] _discarded = new byte[SmallReplyBytes];
    private int _queuedBytes;
    private bool _reading;
    private Exception? _failure;

    internal MessageChannel(UnixSocket socket, ChannelOptions options)
    {
        (_socket, _options, _arriving) = (socket, options, new DescriptorList(options.MaxDescriptors));
        for (var i = 0; i < SlotCount; i++)
        {
            _slots[i] = new RequestSlot(i, options.MaxDescriptors);
        }
    }

    internal string Peer => _socket.Peer;

    /// <summary>Why the connection is of no more use, or null.</summary>
    internal Exception? Failure
    {
        get
        {
            lock (_gate)
            {
                return _failure;
            }
        }
    }

    /// <summary>Sends a command and waits for its reply.</summary>
    /// <param name="command">The command.</param>
    /// <param name="fields">The first part of the payload; at most 240 bytes.</param>
    /// <param name="data">The rest of the payload.</param>
    /// <param name="descriptors">What travels with it.</param>
    /// <param name="maxReplyBytes">The longest payload that the reply may have.</param>
    /// <param name="timeout">How long to wait for the reply.</param>
    /// <exception cref="VfioUserException">The peer refused.</exception>
    /// <exception cref="VfioUserPeerException">The peer has gone, did not answer in time, or broke the protocol.</exception>
    internal ReplyLease Request(
        VfioUserCommand command,
        ReadOnlySpan<byte> fields,
        ReadOnlySpan<byte> data,
        ReadOnlySpan<SafeFileHandle> descriptors,
        int maxReplyBytes,
        TimeSpan timeout)
    {
        var started = Stopwatch.GetTimestamp();
        return Complete(Begin(command, fields, data, descriptors, maxReplyBytes, timeout), timeout, started);
    }

    /// <summary>Sends a command, and does not wait for its reply: <see cref="Complete"/> does, which has to be called.</summary>
    /// <remarks>As <see cref="Request"/>. As many can be under way at a time as there are slots; one more waits for one of them.</remarks>
    internal RequestSlot Begin(
        VfioUserCommand command, ReadOnlySpan<byte> fields, ReadOnlySpan<byte> data, ReadOnlySpan<SafeFileHandle> descriptors, int maxReplyBytes, TimeSpan timeout)
    {
        var slot = Acquire(command, maxReplyBytes, timeout, Stopwatch.GetTimestamp());
        try
        {
            Transmit(new MessageHeader(slot.Id, command, 0, 0, 0), fields, data, descriptors);
            return slot;
        }
        catch
        {
            Release(slot);
            throw;
        }
    }

    /// <summary>Waits for the reply to what <see cref="Begin"/> sent; as <see cref="Request"/>, with the time counted from <paramref name="started"/>.</summary>
    internal ReplyLease Complete(RequestSlot slot, TimeSpan timeout, long started)
    {
        try
        {
            Await(slot, timeout, started);
            if ((slot.Reply.Flags & MessageHeader.FlagError) != 0)
            {
                var errno = slot.Reply.ErrorNumber is > 0 and <= Errno.Max ? slot.Reply.ErrorNumber : Errno.Invalid;
                throw new VfioUserException(errno, $"{Peer}: {slot.Command} was refused (errno {errno}).");
            }
        }
        catch
        {
            Release(slot);
            throw;
        }

        return new ReplyLease(this, slot);
    }

    /// <summary>Sends a command that wants no reply.</summary>
    /// <exception cref="VfioUserPeerException">The peer has gone or does not take it.</exception>
    internal void Post(VfioUserCommand command, ReadOnlySpan<byte> fields, ReadOnlySpan<byte> data) =>
        Transmit(new MessageHeader(0, command, 0, MessageHeader.FlagNoReply, 0), fields, data, []);

    /// <summary>Answers a command, unless it wants no answer.</summary>
    /// <exception cref="VfioUserPeerException">The peer has gone or does not take it.</exception>
    internal void Reply(in MessageHeader command, int errno, ReadOnlySpan<byte> payload, ReadOnlySpan<SafeFileHandle> descriptors)
    {
        if (command.WantsReply)
        {
            var flags = MessageHeader.TypeReply | (errno == 0 ? 0 : MessageHeader.FlagError);
            Transmit(new MessageHeader(command.Id, command.Command, 0, flags, errno), default, payload, descriptors);
        }
    }

    /// <summary>Waits for the peer's next command. To be called by one thread.</summary>
    /// <returns>Null where the connection has ended or failed, or where none came in time; <see cref="Failure"/> tells which.</returns>
    internal IncomingCommand? NextCommand(TimeSpan timeout)
    {
        var started = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (_commands.Count == 0)
            {
                var left = Left(timeout, started);
                if (_failure is not null || left == TimeSpan.Zero)
                {
                    return null;
                }

                ReadOrWait(left);
            }

            var command = _commands.Dequeue();
            _queuedBytes -= command.Header.SizeBytes;
            return command;
        }
    }

    /// <summary>Takes a command back after it was handled, and closes those of its descriptors that nobody took.</summary>
    internal void Return(IncomingCommand command)
    {
        command.Descriptors.Clear();
        lock (_gate)
        {
            if (_spare.Count < MaxSpareCommands)
            {
                _spare.Push(command);
            }
        }
    }

    /// <summary>Ends the connection: all that wait, and all who come later, see <paramref name="failure"/>.</summary>
    internal void Fail(Exception failure)
    {
        lock (_gate)
        {
            _failure ??= failure;
            Monitor.PulseAll(_gate);
        }

        _socket.Shutdown();
    }

    /// <summary>Gives a slot back; one whose reply is still to come stays taken until it has come.</summary>
    internal void Release(RequestSlot slot)
    {
        lock (_gate)
        {
            if (slot.State == RequestSlot.Phase.Done)
            {
                slot.End();
            }
            else
            {
                slot.State = RequestSlot.Phase.Abandoned;
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Closes the socket and all descriptors that nobody took. No other call may be under way.</summary>
    public void Dispose()
    {
        Fail(new ObjectDisposedException(nameof(MessageChannel)));
        while (_commands.TryDequeue(out var command))
        {
            command.Descriptors.Dispose();
        }

        foreach (var slot in _slots)
        {
            slot.Descriptors.Dispose();
        }

        _arriving.Dispose();
        _socket.Dispose();
    }

    private static TimeSpan Left(TimeSpan timeout, long started)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            return timeout;
        }

        var left = timeout - Stopwatch.GetElapsedTime(started);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private RequestSlot Acquire(VfioUserCommand command, int maxReplyBytes, TimeSpan timeout, long started)
    {
        // Few slots ever get a large buffer, so that memory stays bounded however many threads ask.
        var (first, end) = maxReplyBytes > SmallReplyBytes ? (0, BulkSlots) : (BulkSlots, SlotCount);
        lock (_gate)
        {
            while (true)
            {
                ThrowIfFailed(command);
                for (var i = first; i < end; i++)
                {
                    if (_slots[i].State == RequestSlot.Phase.Free)
                    {
                        _slots[i].Begin(command, maxReplyBytes);
                        return _slots[i];
                    }
                }

                var left = Left(timeout, started);
                if (left == TimeSpan.Zero)
                {
                    throw new VfioUserPeerException(Peer, command, $"all {end - first} requests are under way for {timeout.TotalSeconds} s.");
                }

                ReadOrWait(left);
            }
        }
    }

    private void Transmit(MessageHeader header, ReadOnlySpan<byte> fields, ReadOnlySpan<byte> data, ReadOnlySpan<SafeFileHandle> descriptors)
    {
        Span<byte> head = stackalloc byte[256];
        header = header with { SizeBytes = MessageHeader.Bytes + fields.Length + data.Length };
        header.Write(head);
        fields.CopyTo(head[MessageHeader.Bytes..]);
        try
        {
            lock (_sendGate)
            {
                _socket.Send(head[..(MessageHeader.Bytes + fields.Length)], data, descriptors, _options.MessageTimeout);
            }
        }
        catch (Exception e) when (e is IOException or TimeoutException or ObjectDisposedException)
        {
            Fail(e);
            throw new VfioUserPeerException(Peer, header.Command, $"can't be sent: {e.Message}", e);
        }
    }

    private void Await(RequestSlot slot, TimeSpan timeout, long started)
    {
        lock (_gate)
        {
            while (slot.State != RequestSlot.Phase.Done)
            {
                if (slot.State == RequestSlot.Phase.Pending)
                {
                    ThrowIfFailed(slot.Command);
                }

                var left = Left(timeout, started);
                if (left == TimeSpan.Zero && slot.State == RequestSlot.Phase.Pending)
                {
                    throw new VfioUserPeerException(Peer, slot.Command, $"no answer within {timeout.TotalSeconds} s.");
                }

                // A reply that is arriving is bounded by the message's timeout.
                ReadOrWait(slot.State == RequestSlot.Phase.Filling ? _options.MessageTimeout : left);
            }
        }
    }

    // With the lock held: reads one message where nobody reads, and otherwise waits until something changes.
    private void ReadOrWait(TimeSpan timeout)
    {
        if (_reading)
        {
            Monitor.Wait(_gate, timeout);
            return;
        }

        _reading = true;
        Monitor.Exit(_gate);
        try
        {
            ReadOne(timeout);
        }
        catch (Exception e) when (e is IOException or TimeoutException or ObjectDisposedException)
        {
            Fail(e);
        }
        finally
        {
            Monitor.Enter(_gate);
            _reading = false;
            _arriving.Clear();
            Monitor.PulseAll(_gate);
        }
    }

    private void ReadOne(TimeSpan timeout)
    {
        if (!_socket.WaitToReceive(timeout))
        {
            return;
        }

        if (!_socket.Receive(_headerBytes, _arriving, _options.MessageTimeout))
        {
            Fail(new EndOfStreamException($"{Peer}: the peer ended the connection."));
            return;
        }

        var header = MessageHeader.Read(_headerBytes, _options.MaxMessageBytes);
        if (header.IsReply)
        {
            ReadReply(header);
        }
        else
        {
            ReadCommand(header);
        }
    }

    private void ReadReply(MessageHeader header)
    {
        var slot = _slots[header.Id % SlotCount];
        bool wanted;
        lock (_gate)
        {
            if (slot.Id != header.Id || slot.State is not (RequestSlot.Phase.Pending or RequestSlot.Phase.Abandoned) || slot.Command != header.Command)
            {
                throw new VfioUserProtocolException($"{Peer}: a reply to {header.Command} with id {header.Id} answers no request.");
            }

            wanted = slot.State == RequestSlot.Phase.Pending;
            if (wanted)
            {
                VfioUserProtocolException.Require(
                    header.PayloadBytes <= slot.MaxReplyBytes, "A reply is longer than was asked for", (ulong)header.PayloadBytes, (ulong)slot.MaxReplyBytes);
                slot.State = RequestSlot.Phase.Filling;
            }
        }

        try
        {
            if (wanted)
            {
                ReceivePayload(slot.Buffer.AsSpan(0, header.PayloadBytes));
                _arriving.MoveTo(slot.Descriptors);
            }
            else
            {
                for (var left = header.PayloadBytes; left > 0; left -= Math.Min(left, _discarded.Length))
                {
                    ReceivePayload(_discarded.AsSpan(0, Math.Min(left, _discarded.Length)));
                }
            }
        }
        catch
        {
            lock (_gate)
            {
                slot.State = wanted ? RequestSlot.Phase.Pending : RequestSlot.Phase.Abandoned;
            }

            throw;
        }

        lock (_gate)
        {
            // It may have been given up while its reply was read.
            if (slot.State == RequestSlot.Phase.Filling)
            {
                (slot.Reply, slot.State) = (header, RequestSlot.Phase.Done);
            }
            else
            {
                slot.End();
            }
        }
    }

    private void ReadCommand(MessageHeader header)
    {
        IncomingCommand command;
        lock (_gate)
        {
            VfioUserProtocolException.Require(_commands.Count < MaxQueuedCommands, "Too many commands wait", (ulong)_commands.Count, MaxQueuedCommands);
            var bytes = (long)_queuedBytes + header.SizeBytes;
            VfioUserProtocolException.Require(bytes <= Math.Max(MaxQueuedBytes, _options.MaxMessageBytes), "Too many bytes of commands wait", (ulong)bytes, MaxQueuedBytes);
            command = _spare.TryPop(out var spare) ? spare : new IncomingCommand(_options.MaxDescriptors);
        }

        ReceivePayload(command.Begin(header));
        _arriving.MoveTo(command.Descriptors);
        lock (_gate)
        {
            _queuedBytes += header.SizeBytes;
            _commands.Enqueue(command);
        }
    }

    private void ReceivePayload(Span<byte> payload)
    {
        if (!_socket.Receive(payload, null, _options.MessageTimeout))
        {
            throw new EndOfStreamException($"{Peer}: the stream ended after a header that promised {payload.Length} bytes.");
        }
    }

    private void ThrowIfFailed(VfioUserCommand command)
    {
        if (_failure is { } failure)
        {
            throw new VfioUserPeerException(Peer, command, failure.Message, failure);
        }
    }
}

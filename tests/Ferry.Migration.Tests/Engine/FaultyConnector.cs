using System.Runtime.InteropServices;
using Ferry.Linux.Sockets;
using Ferry.Memory;
using Ferry.Migration.Transport;

namespace Ferry.Migration.Tests.Engine;

/// <summary>Real connections that break or alter what passes, at given bytes.</summary>
internal sealed class FaultyConnector(IConnector inner) : IConnector
{
    private int _connections;

    /// <summary>What befalls the connection of a number, from 0; null for nothing. The first is the control connection.</summary>
    public Func<int, Fault?> FaultOf { get; init; } = _ => null;

    /// <summary>For each connection, where each send began and ended.</summary>
    public List<List<long>> SendBounds { get; } = [];

    /// <summary>For each connection, how much was received.</summary>
    public List<long> ReceivedBytes { get; } = [];

    public string Peer => inner.Peer;

    public IConnection Connect()
    {
        var fault = FaultOf(_connections++);
        if (fault is { Refuses: true })
        {
            throw new IOException("The way to the destination is gone.");
        }

        SendBounds.Add([0]);
        ReceivedBytes.Add(0);
        return new Connection(inner.Connect(), fault, SendBounds[^1], ReceivedBytes.Count - 1, ReceivedBytes);
    }

    private sealed class Connection(IConnection inner, Fault? fault, List<long> bounds, int number, List<long> received) : IConnection
    {
        private long _sent;
        private long _received;

        public string Peer => inner.Peer;

        public void Send(ReadOnlySpan<MemorySegment> segments)
        {
            long total = 0;
            foreach (var segment in segments)
            {
                total += (long)segment.LengthBytes;
            }

            var (start, end) = (_sent, _sent + total);
            _sent = end;
            bounds.Add(end);
            if (fault?.CutSendAt is { } cut && cut < end)
            {
                inner.Send(Copy(segments)[..(int)Math.Max(0, cut - start)]);
                inner.Abort();
                throw new IOException($"The link was cut at byte {cut} of those sent.");
            }

            if (fault?.SwallowSendFrom < end)
            {
                return;
            }

            if (fault?.AlterSentAt is { } altered && altered >= start && altered < end)
            {
                var copy = Copy(segments);
                copy.Bytes[altered - start] ^= 0x10;
                inner.Send(copy[..(int)total]);
                return;
            }

            inner.Send(segments);
        }

        public void Receive(ReadOnlySpan<MemorySegment> segments, TimeSpan? within = null)
        {
            inner.Receive(segments, within);
            foreach (var segment in segments)
            {
                _received += (long)segment.LengthBytes;
            }

            received[number] = _received;

            if (fault?.CutReceiveAt is { } cut && _received > cut)
            {
                inner.Abort();
                throw new EndOfStreamException($"The link was cut at byte {cut} of those received.");
            }
        }

        public bool WaitToReceive(TimeSpan timeout) => inner.WaitToReceive(timeout);

        public void Abort() => inner.Abort();

        public void Dispose() => inner.Dispose();

        private static Pinned Copy(ReadOnlySpan<MemorySegment> segments)
        {
            var bytes = GC.AllocateUninitializedArray<byte>(segments.ToArray().Sum(segment => (int)segment.LengthBytes), pinned: true);
            var at = 0;
            foreach (var segment in segments)
            {
                Marshal.Copy((nint)segment.Start.Value, bytes, at, (int)segment.LengthBytes);
                at += (int)segment.LengthBytes;
            }

            return new Pinned(bytes);
        }
    }

    private sealed record Pinned(byte[] Bytes)
    {
        public int Length => Bytes.Length;

        public ReadOnlySpan<MemorySegment> Slice(int start, int length) =>
            new MemorySegment[] { new(new Hva((nuint)Marshal.UnsafeAddrOfPinnedArrayElement(Bytes, start)), (nuint)length) };
    }
}

using System.Runtime.InteropServices;
using Ferry.Linux.Sockets;
using Ferry.Migration.Transport;

namespace Ferry.Fuzz;

/// <summary>A peer that says what it was given and then ends.</summary>
internal sealed class BytesConnection(byte[] bytes) : IConnection
{
    private int _at;

    public string Peer => "peer";

    public void Send(ReadOnlySpan<MemorySegment> segments)
    {
    }

    public void Receive(ReadOnlySpan<MemorySegment> segments, TimeSpan? within = null)
    {
        foreach (var segment in segments)
        {
            var count = (int)segment.LengthBytes;
            if (count > bytes.Length - _at)
            {
                throw new EndOfStreamException("The input has ended.");
            }

            Marshal.Copy(bytes, _at, (nint)segment.Start.Value, count);
            _at += count;
        }
    }

    public bool WaitToReceive(TimeSpan timeout) => true;

    public void Abort()
    {
    }

    public void Dispose()
    {
    }
}

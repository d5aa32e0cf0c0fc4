using Ferry.Linux.Sockets;
using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Transport;

/// <summary>A command that the peer sent; goes back to its channel after it was handled.</summary>
internal sealed class IncomingCommand(int maxDescriptors)
{
    private const int FirstBufferBytes = 512;
    private byte[] _buffer = new byte[FirstBufferBytes];

    internal MessageHeader Header { get; private set; }

    internal ReadOnlySpan<byte> Payload => _buffer.AsSpan(0, Header.PayloadBytes);

    internal DescriptorList Descriptors { get; } = new(maxDescriptors);

    /// <summary>Takes a header and gives the room for its payload, whose length was checked.</summary>
    internal Span<byte> Begin(MessageHeader header)
    {
        Header = header;
        if (_buffer.Length < header.PayloadBytes)
        {
            _buffer = GC.AllocateUninitializedArray<byte>(header.PayloadBytes);
        }

        return _buffer.AsSpan(0, header.PayloadBytes);
    }
}

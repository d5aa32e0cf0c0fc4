using Microsoft.Win32.SafeHandles;

namespace Ferry.VfioUser.Transport;

/// <summary>The payload and the descriptor of the reply that is being made. One is used again for every command.</summary>
internal sealed class ReplyBuffer(int maxBytes)
{
    private const int FirstBytes = 4096;
    private readonly SafeFileHandle[] _descriptors = new SafeFileHandle[1];
    private byte[] _bytes = new byte[Math.Min(FirstBytes, maxBytes)];
    private int _descriptorCount;

    internal int Length { get; private set; }

    internal ReadOnlySpan<byte> Payload => _bytes.AsSpan(0, Length);

    internal ReadOnlySpan<SafeFileHandle> Descriptors => _descriptors.AsSpan(0, _descriptorCount);

    internal void Clear() => (Length, _descriptorCount) = (0, 0);

    /// <summary>Gives room for a payload of that length, all zero, in place of what was there.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than the longest message; callers check before.</exception>
    internal Span<byte> Allocate(int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBytes, maxBytes);
        if (_bytes.Length < lengthBytes)
        {
            _bytes = GC.AllocateUninitializedArray<byte>(lengthBytes);
        }

        Length = lengthBytes;
        var room = _bytes.AsSpan(0, lengthBytes);
        room.Clear();
        return room;
    }

    /// <summary>Sends <paramref name="descriptor"/> along; it stays the caller's.</summary>
    internal void Attach(SafeFileHandle descriptor)
    {
        _descriptors[0] = descriptor;
        _descriptorCount = 1;
    }
}

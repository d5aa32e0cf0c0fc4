using Microsoft.Win32.SafeHandles;

namespace Ferry.VfioUser.Transport;

/// <summary>The payload and the descriptors of the reply that is being made. One is used again for every command.</summary>
internal sealed class ReplyBuffer(int maxBytes)
{
    private const int FirstBytes = 4096;
    private readonly SafeFileHandle[] _descriptors = new SafeFileHandle[2];
    private byte[] _bytes = new byte[Math.Min(FirstBytes, maxBytes)];
    private int _descriptorCount;
    private bool _ownsDescriptors;

    internal int Length { get; private set; }

    internal ReadOnlySpan<byte> Payload => _bytes.AsSpan(0, Length);

    internal ReadOnlySpan<SafeFileHandle> Descriptors => _descriptors.AsSpan(0, _descriptorCount);

    internal void Clear()
    {
        for (var i = 0; _ownsDescriptors && i < _descriptorCount; i++)
        {
            _descriptors[i].Dispose();
        }

        (Length, _descriptorCount, _ownsDescriptors) = (0, 0, false);
    }

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

    /// <summary>Sends two descriptors along, and closes them when the reply is cleared.</summary>
    internal void Give(SafeFileHandle first, SafeFileHandle second)
    {
        (_descriptors[0], _descriptors[1]) = (first, second);
        (_descriptorCount, _ownsDescriptors) = (2, true);
    }
}

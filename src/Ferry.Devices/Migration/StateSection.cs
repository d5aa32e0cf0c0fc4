using System.Numerics;

namespace Ferry.Devices.Migration;

/// <summary>One piece of a device's state: bytes of a fixed length, which are the device's own storage and are streamed from there.</summary>
/// <remarks>A pre-copy section is sent while the device runs, and each chunk of it again when it changed since, so the device must call
/// <see cref="MarkChanged"/> after it wrote. Any other section is sent once, when the device has stopped. Marks come from the device's
/// threads, everything else from the thread that serves the device.</remarks>
public sealed class StateSection
{
    /// <summary>The unit in which changes are tracked and sent again, in bytes.</summary>
    public const int ChunkBytes = 64 * 1024;

    /// <summary>The longest section, in bytes.</summary>
    public const int MaxLengthBytes = 1 << 30;

    private readonly byte[] _bytes;
    private readonly ulong[] _changed;

    /// <summary>A section of zeros.</summary>
    /// <param name="id">Its number, unique in the device and never reused for anything else.</param>
    /// <param name="lengthBytes">Its length; 0 to <see cref="MaxLengthBytes"/>.</param>
    /// <param name="isPreCopy">Whether it is sent while the device still runs.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is outside its limits.</exception>
    public StateSection(uint id, int lengthBytes, bool isPreCopy)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBytes, MaxLengthBytes);
        Id = id;
        IsPreCopy = isPreCopy;
        _bytes = new byte[lengthBytes];
        ChunkCount = (int)(((long)lengthBytes + ChunkBytes - 1) / ChunkBytes);
        _changed = new ulong[(ChunkCount + 63) / 64];
    }

    /// <summary>The number.</summary>
    public uint Id { get; }

    /// <summary>Whether it is sent while the device still runs.</summary>
    public bool IsPreCopy { get; }

    /// <summary>The bytes.</summary>
    public Span<byte> Bytes => _bytes;

    internal int ChunkCount { get; }

    internal int ChangedCount
    {
        get
        {
            var count = 0;
            for (var i = 0; i < _changed.Length; i++)
            {
                count += BitOperations.PopCount(Volatile.Read(ref _changed[i]));
            }

            return count;
        }
    }

    /// <summary>Says that bytes were written; call it after the write, so that a chunk is never taken as unchanged with old bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bytes are not all in the section.</exception>
    public void MarkChanged(int offsetBytes, int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lengthBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBytes, _bytes.Length - offsetBytes);
        for (var chunk = offsetBytes / ChunkBytes; chunk <= (offsetBytes + lengthBytes - 1) / ChunkBytes; chunk++)
        {
            Interlocked.Or(ref _changed[chunk >> 6], 1UL << (chunk & 63));
        }
    }

    internal void MarkAllChanged()
    {
        if (_bytes.Length > 0)
        {
            MarkChanged(0, _bytes.Length);
        }
    }

    // Clears the mark before the caller copies the chunk: a write during the copy marks it again.
    internal bool TryTakeChanged(int fromChunk, out int chunk)
    {
        for (var i = fromChunk >> 6; i < _changed.Length; i++)
        {
            var word = Volatile.Read(ref _changed[i]);
            if (i == fromChunk >> 6)
            {
                word &= ulong.MaxValue << (fromChunk & 63);
            }

            if (word != 0)
            {
                var bit = BitOperations.TrailingZeroCount(word);
                Interlocked.And(ref _changed[i], ~(1UL << bit));
                chunk = (i << 6) + bit;
                return true;
            }
        }

        chunk = -1;
        return false;
    }
}

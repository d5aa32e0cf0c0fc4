using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Sockets;

/// <summary>The descriptors that arrived with a message, in order. It closes those that nobody took.</summary>
/// <remarks>Not thread-safe. Reusable: <see cref="Clear"/> makes it empty.</remarks>
/// <param name="capacity">The most descriptors that a message may bring, at most <see cref="MaxCapacity"/>.</param>
public sealed class DescriptorList(int capacity) : IDisposable
{
    /// <summary>The most descriptors that the kernel passes at once. Source: unix(7), SCM_MAX_FD.</summary>
    public const int MaxCapacity = 253;

    private readonly SafeFileHandle?[] _handles = new SafeFileHandle?[capacity is >= 0 and <= MaxCapacity
        ? capacity
        : throw new ArgumentOutOfRangeException(nameof(capacity), capacity, $"At most {MaxCapacity} descriptors travel with a message.")];

    /// <summary>The most descriptors it holds.</summary>
    public int Capacity => _handles.Length;

    /// <summary>How many arrived, taken ones included.</summary>
    public int Count { get; private set; }

    /// <summary>Hands over descriptor <paramref name="index"/>, which the caller closes from now on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">That many did not arrive.</exception>
    /// <exception cref="InvalidOperationException">It was taken before.</exception>
    public SafeFileHandle Take(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        var handle = _handles[index] ?? throw new InvalidOperationException($"Descriptor {index} was taken before.");
        _handles[index] = null;
        return handle;
    }

    /// <summary>Closes what was not taken, and makes the list empty.</summary>
    public void Clear()
    {
        for (var i = 0; i < Count; i++)
        {
            _handles[i]?.Dispose();
            _handles[i] = null;
        }

        Count = 0;
    }

    /// <summary>Moves everything into <paramref name="other"/>, which must be empty and at least as large.</summary>
    public void MoveTo(DescriptorList other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Count != 0 || other.Capacity < Count)
        {
            throw new ArgumentException($"{Count} descriptors don't fit a list of {other.Capacity} that holds {other.Count}.", nameof(other));
        }

        for (var i = 0; i < Count; i++)
        {
            other._handles[i] = _handles[i];
            _handles[i] = null;
        }

        (other.Count, Count) = (Count, 0);
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    internal void Add(int descriptor) => _handles[Count++] = new SafeFileHandle(descriptor, ownsHandle: true);
}

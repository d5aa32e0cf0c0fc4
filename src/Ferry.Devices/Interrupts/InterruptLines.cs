using Ferry.Linux.Events;
using Ferry.VfioUser;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Devices.Interrupts;

/// <summary>The eventfds that a device's interrupts signal, by index and number. Thread-safe.</summary>
public sealed class InterruptLines : IDisposable
{
    private readonly Lock _lock = new();
    private readonly EventFile?[][] _events;

    /// <summary>No interrupt is enabled.</summary>
    /// <param name="counts">The number of interrupts of each index.</param>
    public InterruptLines(IReadOnlyList<uint> counts) => _events = [.. counts.Select(count => new EventFile?[count])];

    /// <summary>Enables interrupts from <paramref name="start"/> of an index, or disables those whose entry is null; takes the descriptors over.</summary>
    /// <exception cref="VfioUserException">EINVAL: the device has no such interrupts; the descriptors are closed.</exception>
    public void Set(int index, int start, IReadOnlyList<SafeFileHandle?> events)
    {
        lock (_lock)
        {
            if (index < 0 || index >= _events.Length || start < 0 || start > _events[index].Length || events.Count > _events[index].Length - start)
            {
                foreach (var refused in events)
                {
                    refused?.Dispose();
                }

                throw new VfioUserException(Errno.Invalid, $"Interrupts {start} to {start + (long)events.Count} of index {index} are not all there.");
            }

            for (var i = 0; i < events.Count; i++)
            {
                _events[index][start + i]?.Dispose();
                _events[index][start + i] = events[i] is { } each ? new EventFile(each) : null;
            }
        }
    }

    /// <summary>Signals one interrupt; does nothing where it is not enabled.</summary>
    /// <remarks>An event that can't be signalled, because it is full or no eventfd, is left alone: that harms only whoever gave it.</remarks>
    public void Signal(int index, int number)
    {
        lock (_lock)
        {
            _events[index][number]?.Signal();
        }
    }

    /// <summary>Disables every interrupt.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            foreach (var index in _events)
            {
                foreach (var each in index)
                {
                    each?.Dispose();
                }

                Array.Clear(index);
            }
        }
    }

    /// <inheritdoc cref="Clear"/>
    public void Dispose() => Clear();
}

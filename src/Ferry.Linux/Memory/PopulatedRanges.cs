using System.Collections;
using Ferry.Memory;

namespace Ferry.Linux.Memory;

/// <summary>The ranges of guest memory that are allocated, found one after the other; all else was never touched and reads as zeros.</summary>
/// <remarks>Sorted; a range never crosses a region. What is touched meanwhile may be found or not. <c>foreach</c> allocates nothing, however
/// scattered the memory is. Thread-safe: each enumeration stands for itself. Source: lseek(2), SEEK_DATA and SEEK_HOLE.</remarks>
public readonly struct PopulatedRanges : IEnumerable<IovaRange>
{
    private readonly MemoryFile _file;
    private readonly GuestMemory _memory;

    internal PopulatedRanges(MemoryFile file, GuestMemory memory) => (_file, _memory) = (file, memory);

    /// <summary>Begins at the lowest address.</summary>
    public Enumerator GetEnumerator() => new(_file, _memory);

    IEnumerator<IovaRange> IEnumerable<IovaRange>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>One walk over the ranges.</summary>
    public struct Enumerator : IEnumerator<IovaRange>
    {
        private readonly MemoryFile _file;
        private readonly GuestMemory _memory;
        private int _region;
        private ulong _doneBytes;

        internal Enumerator(MemoryFile file, GuestMemory memory) => (_file, _memory) = (file, memory);

        /// <inheritdoc/>
        public IovaRange Current { get; private set; }

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc/>
        /// <exception cref="KernelCallException">The kernel does not tell.</exception>
        public bool MoveNext()
        {
            for (; _region < _memory.Regions.Count; (_region, _doneBytes) = (_region + 1, 0))
            {
                var region = _memory.Regions[_region];
                var from = region.FileOffsetBytes + _doneBytes;
                var end = region.FileOffsetBytes + region.LengthBytes;
                if (from < end && _file.TryFindData(from, out var start, out var length) && start < end)
                {
                    length = Math.Min(length, end - start);
                    _doneBytes = start + length - region.FileOffsetBytes;
                    Current = new(new(region.Start.Value + (start - region.FileOffsetBytes)), length);
                    return true;
                }
            }

            return false;
        }

        /// <inheritdoc/>
        public void Reset() => (_region, _doneBytes) = (0, 0);

        /// <inheritdoc/>
        public readonly void Dispose()
        {
        }
    }
}

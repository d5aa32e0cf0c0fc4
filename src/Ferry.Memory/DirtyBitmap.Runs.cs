namespace Ferry.Memory;

public sealed unsafe partial class DirtyBitmap
{
    /// <summary>Finds the next run of set pages in [<paramref name="from"/>, <paramref name="end"/>), clipped to it.</summary>
    /// <param name="from">The first page to look at.</param>
    /// <param name="end">The page behind the last to look at.</param>
    /// <param name="first">The run's first page.</param>
    /// <param name="count">The run's length in pages; 0 where there is none.</param>
    /// <returns>Whether there is a run.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The pages don't lie in this bitmap.</exception>
    public bool TryNextRun(ulong from, ulong end, out ulong first, out ulong count)
    {
        if (end < from)
        {
            throw new ArgumentOutOfRangeException(nameof(end), end, $"Lies before the first page {from}.");
        }

        Check(from, end - from);
        return BitmapScan.TryNextRun(Live(), from, end, out first, out count);
    }

    /// <summary>The runs of set pages among <paramref name="count"/> pages from page <paramref name="first"/>, for <c>foreach</c>; allocates nothing.</summary>
    public RunEnumerable Runs(ulong first, ulong count)
    {
        Check(first, count);
        return new(this, first, first + count);
    }

    /// <summary>All runs of set pages.</summary>
    public RunEnumerable Runs() => Runs(0, PageCount);

    /// <summary>Runs of set pages, to be enumerated without allocation.</summary>
    public readonly struct RunEnumerable
    {
        private readonly DirtyBitmap _bitmap;
        private readonly ulong _from;
        private readonly ulong _end;

        internal RunEnumerable(DirtyBitmap bitmap, ulong from, ulong end) => (_bitmap, _from, _end) = (bitmap, from, end);

        /// <summary>Starts at the first run.</summary>
        public RunEnumerator GetEnumerator() => new(_bitmap, _from, _end);
    }

    /// <summary>Goes from run to run.</summary>
    public struct RunEnumerator
    {
        private readonly DirtyBitmap _bitmap;
        private readonly ulong _end;
        private ulong _next;

        internal RunEnumerator(DirtyBitmap bitmap, ulong from, ulong end) => (_bitmap, _next, _end) = (bitmap, from, end);

        /// <summary>The run that <see cref="MoveNext"/> found.</summary>
        public (ulong First, ulong Count) Current { get; private set; }

        /// <summary>Finds the next run.</summary>
        public bool MoveNext()
        {
            if (!_bitmap.TryNextRun(_next, _end, out var first, out var count))
            {
                return false;
            }

            Current = (first, count);
            _next = first + count;
            return true;
        }
    }
}

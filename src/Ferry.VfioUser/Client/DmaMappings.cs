using Ferry.Memory;

namespace Ferry.VfioUser.Client;

/// <summary>What a client mapped for its device, to check the device's DMA messages against. Thread-safe.</summary>
internal sealed class DmaMappings
{
    private readonly List<Mapping> _sorted = [];
    private int _changes;

    /// <summary>Whoever does what <see cref="Allows"/> allowed holds it until that is done, so that what is removed is not in use any more.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>How often anything was mapped or unmapped. From any thread.</summary>
    internal int Changes => Volatile.Read(ref _changes);

    /// <returns>False where it overlaps another one, which the device is going to refuse; nothing changed.</returns>
    internal bool TryAdd(IovaRange range, bool read, bool write)
    {
        lock (Gate)
        {
            var at = IndexEndingAt(range.Start);
            if (at < _sorted.Count && _sorted[at].Range.Overlaps(range))
            {
                return false;
            }

            _changes++;
            _sorted.Insert(at, new Mapping(range, read, write));
            return true;
        }
    }

    internal void Remove(IovaRange range)
    {
        lock (Gate)
        {
            var at = IndexEndingAt(range.Start);
            if (at < _sorted.Count && _sorted[at].Range == range)
            {
                _changes++;
                _sorted.RemoveAt(at);
            }
        }
    }

    internal void Clear()
    {
        lock (Gate)
        {
            _changes++;
            _sorted.Clear();
        }
    }

    /// <summary>Whether every byte of <paramref name="range"/> is mapped and may be written, or read. Ask with <see cref="Gate"/> held.</summary>
    internal bool Allows(IovaRange range, bool isWrite)
    {
        var next = range.Start;
        for (var at = IndexEndingAt(next); at < _sorted.Count; at++)
        {
            var mapping = _sorted[at];
            if (mapping.Range.Start > next || !(isWrite ? mapping.Write : mapping.Read))
            {
                return false;
            }

            if (mapping.Range.Last >= range.Last)
            {
                return true;
            }

            next = new Iova(mapping.Range.Last.Value + 1);
        }

        return false;
    }

    private int IndexEndingAt(Iova address)
    {
        var (low, high) = (0, _sorted.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = _sorted[middle].Range.Last < address ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private readonly record struct Mapping(IovaRange Range, bool Read, bool Write);
}

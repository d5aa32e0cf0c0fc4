using Ferry.Memory;

namespace Ferry.VfioUser.Client;

/// <summary>What a client mapped for its device, to check the device's DMA messages against. Thread-safe.</summary>
internal sealed class DmaMappings
{
    private Mapping[] _sorted = [];
    private int _changes;

    /// <summary>Whoever does what <see cref="Allows"/> allowed holds it until that is done, so that what is removed is not in use any more.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>How often anything was mapped or unmapped. From any thread.</summary>
    internal int Changes => Volatile.Read(ref _changes);

    internal void Add(IovaRange range, bool read, bool write)
    {
        lock (Gate)
        {
            _changes++;
            _sorted = [.. _sorted.Append(new Mapping(range, read, write)).OrderBy(mapping => mapping.Range.Start)];
        }
    }

    internal void Remove(IovaRange range)
    {
        lock (Gate)
        {
            _changes++;
            _sorted = [.. _sorted.Where(mapping => mapping.Range != range)];
        }
    }

    internal void Clear()
    {
        lock (Gate)
        {
            _changes++;
            _sorted = [];
        }
    }

    /// <summary>Whether every byte of <paramref name="range"/> is mapped and may be written, or read. Ask with <see cref="Gate"/> held.</summary>
    internal bool Allows(IovaRange range, bool isWrite)
    {
        var next = range.Start;
        foreach (var mapping in _sorted)
        {
            if (mapping.Range.Last < next)
            {
                continue;
            }

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

    private readonly record struct Mapping(IovaRange Range, bool Read, bool Write);
}

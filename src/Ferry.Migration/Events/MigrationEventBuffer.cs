namespace Ferry.Migration.Events;

/// <summary>What happens in one migration, kept until somebody takes it.</summary>
/// <remarks>
/// A ring of fixed size, allocated at once: the engine's thread puts events in without waiting, locking or allocating, and one other thread
/// takes them out. Where nobody does in time the newest are dropped and counted, and the migration is none the slower.
/// </remarks>
public sealed class MigrationEventBuffer
{
    /// <summary>The most events that a buffer may hold.</summary>
    public const int MaxCapacity = 1 << 20;

    private readonly MigrationEvent[] _events;
    private long _added;
    private long _taken;
    private long _lost;

    /// <param name="capacity">How many events it holds, 1 to <see cref="MaxCapacity"/>; a round without devices makes about five.</param>
    public MigrationEventBuffer(int capacity = 4096)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, MaxCapacity);
        _events = new MigrationEvent[capacity];
    }

    /// <summary>How many events were dropped because the buffer was full. From any thread.</summary>
    public long LostCount => Volatile.Read(ref _lost);

    /// <summary>Takes the oldest event; false where there is none. One thread at a time.</summary>
    public bool TryTake(out MigrationEvent next)
    {
        var taken = _taken;
        if (taken == Volatile.Read(ref _added))
        {
            next = default;
            return false;
        }

        next = _events[taken % _events.Length];
        Volatile.Write(ref _taken, taken + 1);
        return true;
    }

    /// <summary>Puts an event in. The engine's thread alone.</summary>
    internal void Add(in MigrationEvent next)
    {
        var added = _added;
        if (added - Volatile.Read(ref _taken) == _events.Length)
        {
            Volatile.Write(ref _lost, _lost + 1);
            return;
        }

        _events[added % _events.Length] = next;
        Volatile.Write(ref _added, added + 1);
    }
}

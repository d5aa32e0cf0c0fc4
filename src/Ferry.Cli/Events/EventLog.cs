namespace Ferry.Cli.Events;

/// <summary>What one side told of one migration, in order.</summary>
/// <param name="Events">The lines; the first is the beginning.</param>
internal sealed record EventLog(IReadOnlyList<EventDocument> Events)
{
    /// <summary>The beginning.</summary>
    public BeginEvent Begin => Events[0].Begin!;

    /// <summary>The end; null where the log was cut off.</summary>
    public EndEvent? End => Events[^1].End;

    /// <summary>The machine.</summary>
    public string Machine => Events[0].Machine;

    /// <summary>Who told it.</summary>
    public string Side => Events[0].Side;

    /// <summary>The rounds, in order.</summary>
    public IEnumerable<RoundEvent> Rounds => Events.Select(each => each.Round).OfType<RoundEvent>();

    /// <summary>What trackers were read, in order.</summary>
    public IEnumerable<ReadEvent> Reads => Events.Select(each => each.Read).OfType<ReadEvent>();

    /// <summary>How many events are missing.</summary>
    public long LostCount => Events.Sum(each => each.Lost?.Count ?? 0);
}

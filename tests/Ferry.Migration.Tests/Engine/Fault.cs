namespace Ferry.Migration.Tests.Engine;

/// <summary>What befalls a connection.</summary>
internal sealed record Fault
{
    public bool Refuses { get; init; }

    /// <summary>Cut before this byte of those that the source sends.</summary>
    public long? CutSendAt { get; init; }

    /// <summary>Cut once more than so many bytes came to the source.</summary>
    public long? CutReceiveAt { get; init; }

    /// <summary>From this byte on nothing of what the source sends leaves it, and it does not notice.</summary>
    public long? SwallowSendFrom { get; init; }

    /// <summary>Flip a bit of this byte of those that the source sends.</summary>
    public long? AlterSentAt { get; init; }
}

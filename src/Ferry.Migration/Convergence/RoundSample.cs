namespace Ferry.Migration.Convergence;

/// <summary>What one round showed. Absurd values (negative, infinite, not a number) are taken as not known.</summary>
public readonly record struct RoundSample
{
    /// <summary>What the round sent on the wire, in bytes.</summary>
    public long BytesSent { get; init; }

    /// <summary>How long the round took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The bytes of the pages that are dirty after the round's sync.</summary>
    public required long RemainingBytes { get; init; }

    /// <summary>Guest bytes that a second moves, as measured in this round; where it is not known it is taken from
    /// <see cref="BytesSent"/> and <see cref="Duration"/>.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>What the devices are expected to send when stopped, in bytes.</summary>
    public long DeviceBytes { get; init; }

    /// <summary>What the round showed of what a switchover takes beside moving bytes: a sync.</summary>
    public TimeSpan FixedOverhead { get; init; }
}

namespace Ferry.Migration.Planning;

/// <summary>In which rounds the devices that can enter a P2P state for the dirty sync. Devices pay for it with their peer-to-peer DMA.</summary>
public readonly record struct P2PSyncPolicy
{
    private P2PSyncPolicy(int lastRounds) => LastRounds = lastRounds;

    /// <summary>In none; only the final sync finds the devices silent. What <c>default</c> is.</summary>
    public static P2PSyncPolicy Never => default;

    /// <summary>In the round that the switchover is expected to follow: the last one.</summary>
    public static P2PSyncPolicy NearEnd => new(1);

    /// <summary>In each round.</summary>
    public static P2PSyncPolicy EachRound => new(int.MaxValue);

    /// <summary>The number of rounds before the switchover, as far as convergence can tell, in which they do; 0 for none.</summary>
    public int LastRounds { get; }

    /// <summary>In the last <paramref name="rounds"/> rounds, as far as convergence can tell: see <see cref="Convergence.Decision.RoundsLeft"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rounds"/> is less than 1.</exception>
    public static P2PSyncPolicy Last(int rounds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        return new(rounds);
    }

    /// <inheritdoc/>
    public override string ToString() => LastRounds switch
    {
        0 => "never",
        1 => "near-end",
        int.MaxValue => "each-round",
        _ => FormattableString.Invariant($"last-{LastRounds}"),
    };
}

using System.Globalization;

namespace Ferry.Migration.Convergence;

/// <summary>What <see cref="ConvergencePolicy"/> answers to a round.</summary>
public readonly record struct Decision
{
    /// <summary>What to do.</summary>
    public required DecisionKind Kind { get; init; }

    /// <summary>Why.</summary>
    public required DecisionReason Reason { get; init; }

    /// <summary>The downtime to expect if the switchover came now; <see cref="TimeSpan.MaxValue"/> where no bandwidth is known.</summary>
    public required TimeSpan PredictedDowntime { get; init; }

    /// <summary>The downtime limit that holds from now on.</summary>
    public required TimeSpan DowntimeLimit { get; init; }

    /// <summary>The throttle that holds from now on, in percent of the vCPUs' time; 0 where the migration fails.</summary>
    public required int ThrottlePercent { get; init; }

    /// <summary>How many more rounds are expected, if what remains goes on to shrink as it did: at least 1, for a switchover after the next
    /// round; at most what the limit of rounds leaves, which it is where nothing else is known.</summary>
    public required int RoundsLeft { get; init; }

    /// <summary>Whether a switchover is expected to keep the downtime limit.</summary>
    public bool Converged => Kind == DecisionKind.SwitchOver && PredictedDowntime <= DowntimeLimit;

    /// <inheritdoc/>
    public override string ToString()
    {
        var predicted = PredictedDowntime == TimeSpan.MaxValue
            ? "downtime unknown, since no bandwidth was measured"
            : string.Create(CultureInfo.InvariantCulture, $"predicted downtime {PredictedDowntime.TotalMilliseconds:0.#} ms");
        var what = Kind switch
        {
            DecisionKind.SwitchOver => "switch over",
            DecisionKind.Throttle => string.Create(CultureInfo.InvariantCulture, $"throttle the vCPUs by {ThrottlePercent} %"),
            DecisionKind.Stretch => "raise the downtime limit",
            DecisionKind.Fail => "give up",
            _ => "go on",
        };
        var why = Reason switch
        {
            DecisionReason.WithinLimit => "it is within the limit",
            DecisionReason.Stalled => "rounds no longer shrink what remains",
            DecisionReason.RoundLimit => "the most rounds were reached",
            DecisionReason.TimeLimit => "the most time was reached",
            _ => "what remains shrinks",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{what}: {why}; {predicted}, limit {DowntimeLimit.TotalMilliseconds:0.#} ms");
    }
}

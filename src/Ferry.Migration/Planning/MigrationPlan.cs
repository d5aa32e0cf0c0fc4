namespace Ferry.Migration.Planning;

/// <summary>The whole sequence of a migration, as data. Source: VFIO v2 device states, linux/vfio.h.</summary>
public sealed record MigrationPlan
{
    /// <summary>The devices that it is for.</summary>
    public required IReadOnlyList<PlanDevice> Devices { get; init; }

    /// <summary>Who takes over for a source whose tracker fails in the rounds; at most one for each source.</summary>
    public IReadOnlyList<PlanTracker> Fallbacks { get; init; } = [];

    /// <summary>On the source, once: devices stopped early, trackers started, every page marked, pre-copy entered.</summary>
    public required IReadOnlyList<PlanStep> Setup { get; init; }

    /// <summary>On the source, repeated until convergence or a limit: copy and pre-copy data, then the sync that the next round copies.</summary>
    public required IReadOnlyList<PlanStep> Round { get; init; }

    /// <summary>What takes the place of <see cref="Round"/> near the end, the last first; empty where the policy makes no difference between rounds.</summary>
    public IReadOnlyList<FinalRound> FinalRounds { get; init; } = [];

    /// <summary>The most rounds that make sense: 0 where a round has nothing to send, 1 where only devices send; null leaves it to convergence.</summary>
    public required int? RoundLimit { get; init; }

    /// <summary>On the source, once: grace, stop, final sync and copy, trackers stopped, state, verify, prepare, commit.</summary>
    public required IReadOnlyList<PlanStep> Switchover { get; init; }

    /// <summary>On the destination, before commit: RESUMING, load, STOP. The arcs to RESUMING are taken before the first device data
    /// arrives, which is in the first round where devices pre-copy.</summary>
    public required IReadOnlyList<PlanStep> Load { get; init; }

    /// <summary>On the destination, after commit: RUNNING_P2P everywhere, RUNNING, vCPUs.</summary>
    public required IReadOnlyList<PlanStep> Start { get; init; }

    /// <summary>The steps of a round that is expected to be the first of <paramref name="roundsLeft"/>. Allocates nothing.</summary>
    public IReadOnlyList<PlanStep> RoundFor(int roundsLeft)
    {
        for (var i = 0; i < FinalRounds.Count; i++)
        {
            if (roundsLeft <= FinalRounds[i].Within)
            {
                return FinalRounds[i].Steps;
            }
        }

        return Round;
    }
}

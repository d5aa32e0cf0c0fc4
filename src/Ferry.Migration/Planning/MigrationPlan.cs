namespace Ferry.Migration.Planning;

/// <summary>The whole sequence of a migration, as data. Source: VFIO v2 device states, linux/vfio.h.</summary>
public sealed record MigrationPlan
{
    /// <summary>On the source, once: devices stopped early, trackers started, every page marked, pre-copy entered.</summary>
    public required IReadOnlyList<PlanStep> Setup { get; init; }

    /// <summary>On the source, repeated until convergence or a limit: copy and pre-copy data, then the sync that the next round copies.</summary>
    public required IReadOnlyList<PlanStep> Round { get; init; }

    /// <summary>On the source, once: grace, stop, final sync and copy, trackers stopped, state, verify, prepare, commit.</summary>
    public required IReadOnlyList<PlanStep> Switchover { get; init; }

    /// <summary>On the destination, before commit: RESUMING, load, STOP.</summary>
    public required IReadOnlyList<PlanStep> Load { get; init; }

    /// <summary>On the destination, after commit: RUNNING_P2P everywhere, RUNNING, vCPUs.</summary>
    public required IReadOnlyList<PlanStep> Start { get; init; }
}

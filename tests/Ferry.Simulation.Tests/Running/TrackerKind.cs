namespace Ferry.Simulation.Tests.Running;

/// <summary>The trackers that there are.</summary>
internal enum TrackerKind
{
    /// <summary>A log that a report drains.</summary>
    Log,

    /// <summary>The production tracker of KVM's log, on a simulated KVM.</summary>
    KvmLog,

    /// <summary>The production tracker that says that everything is dirty.</summary>
    All,
}

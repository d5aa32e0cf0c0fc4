namespace Ferry.Simulation.Tests.Running;

/// <summary>What may happen at any time.</summary>
internal enum SimEventKind
{
    /// <summary>All connections break; new ones can be made.</summary>
    CutAll,

    /// <summary>All connections break, and none can be made for a time.</summary>
    NetworkDown,

    KillSource,
    KillDestination,
    CancelSource,
    CancelDestination,

    /// <summary>Somebody asks for another tracker.</summary>
    ChangeTracker,
}

namespace Ferry.Simulation.Tests.Machines;

/// <summary>How a tracker fails at one of its calls.</summary>
internal enum TrackerFault
{
    /// <summary>It doesn't.</summary>
    None,

    /// <summary>It doesn't start.</summary>
    Start,

    /// <summary>A report fails; what it knew is lost, everything counts as written.</summary>
    Report,

    /// <summary>A report is answered too late, and the log is drained into an answer that nobody reads.</summary>
    Late,
}

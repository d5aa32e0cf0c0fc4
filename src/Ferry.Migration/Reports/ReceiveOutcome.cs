namespace Ferry.Migration.Reports;

/// <summary>How a migration ended, as the destination knows it.</summary>
public enum ReceiveOutcome
{
    /// <summary>The machine runs here.</summary>
    Running,

    /// <summary>The machine does not run here and never will from what was received; it is to be thrown away.</summary>
    Discarded,

    /// <summary>The machine is whole here and the source never said whether it may run: it stays paused until somebody settles it.</summary>
    InDoubt,
}

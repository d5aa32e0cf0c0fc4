namespace Ferry.Migration.Reports;

/// <summary>How a migration ended, as the source knows it.</summary>
public enum MigrationOutcome
{
    /// <summary>The machine runs on the destination, and only there.</summary>
    Completed,

    /// <summary>The machine runs on the source as if nothing had happened.</summary>
    RolledBack,

    /// <summary>The machine was given away and nobody said that it runs: it stays paused here until somebody settles it.</summary>
    InDoubt,
}

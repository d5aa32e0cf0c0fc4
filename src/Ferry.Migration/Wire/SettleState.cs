namespace Ferry.Migration.Wire;

/// <summary>What a destination answers to a source that asks.</summary>
internal enum SettleState : byte
{
    /// <summary>The machine is whole here and waits for commit.</summary>
    Prepared = 1,

    /// <summary>It runs here.</summary>
    Running = 2,

    /// <summary>It never ran here and never will.</summary>
    Discarded = 3,

    /// <summary>It was to run here and could not be started, or not wholly.</summary>
    StartFailed = 4,
}

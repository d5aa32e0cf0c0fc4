namespace Ferry.Cli.Documents;

/// <summary>The states of a machine in a process.</summary>
internal static class MachineStates
{
    /// <summary>The guest runs here.</summary>
    public const string Running = "running";

    /// <summary>The guest is here and stands still.</summary>
    public const string Paused = "paused";

    /// <summary>The guest is here and is being moved away.</summary>
    public const string Migrating = "migrating";

    /// <summary>No machine is here yet.</summary>
    public const string Waiting = "waiting";

    /// <summary>A machine is being received.</summary>
    public const string Arriving = "arriving";

    /// <summary>The hand-over is in doubt: the guest runs on neither side until it is settled.</summary>
    public const string InDoubt = "in-doubt";

    /// <summary>The guest runs elsewhere, and never again here.</summary>
    public const string Moved = "moved";

    /// <summary>The machine failed and can't go on.</summary>
    public const string Failed = "failed";
}

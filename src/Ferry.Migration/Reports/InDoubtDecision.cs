namespace Ferry.Migration.Reports;

/// <summary>What an operator decides about a machine in doubt, having made sure of what the other side does.</summary>
public enum InDoubtDecision
{
    /// <summary>The other side does not run it and never will: run it here.</summary>
    RunHere,

    /// <summary>The other side runs it or will: never run it here.</summary>
    GiveUpHere,
}

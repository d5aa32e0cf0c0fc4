using Ferry.Migration.Reports;

namespace Ferry.Migration.Events;

/// <summary>What outcomes are called in events: lower case, words joined by a hyphen.</summary>
internal static class OutcomeNames
{
    internal static string Of(MigrationOutcome outcome) => outcome switch
    {
        MigrationOutcome.Completed => "completed",
        MigrationOutcome.RolledBack => "rolled-back",
        _ => "in-doubt",
    };

    internal static string Of(ReceiveOutcome outcome) => outcome switch
    {
        ReceiveOutcome.Running => "running",
        ReceiveOutcome.Discarded => "discarded",
        _ => "in-doubt",
    };
}

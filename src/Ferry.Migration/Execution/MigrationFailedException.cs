using Ferry.Migration.Reports;

namespace Ferry.Migration.Execution;

/// <summary>Ends a migration that did not commit; it becomes a report, and never leaves the engine.</summary>
internal sealed class MigrationFailedException(FailureKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    internal FailureKind Kind { get; } = kind;

    /// <summary>What any exception of a step means.</summary>
    internal static FailureKind KindOf(Exception exception) => exception switch
    {
        MigrationFailedException failed => failed.Kind,
        OperationCanceledException => FailureKind.Cancelled,
        _ => FailureKind.Error,
    };
}

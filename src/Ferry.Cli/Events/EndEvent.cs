using Ferry.Cli.Documents;

namespace Ferry.Cli.Events;

/// <summary>How a migration ended.</summary>
internal sealed record EndEvent
{
    /// <summary>The outcome where the process of the machine went away before it said one.</summary>
    public const string Unknown = "unknown";

    /// <summary><c>completed</c>, <c>rolled-back</c>, <c>in-doubt</c> or <c>unknown</c>; on a destination <c>running</c>, <c>discarded</c> or
    /// <c>in-doubt</c>.</summary>
    public required string Outcome { get; init; }

    /// <summary>Why it is not <c>completed</c> or <c>running</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>How long no vCPU executed; on a destination its own part of it.</summary>
    public required double DowntimeSeconds { get; init; }

    /// <summary>The pages with contents.</summary>
    public required ulong SentPages { get; init; }

    /// <summary>The pages told to be zero.</summary>
    public required ulong ZeroPages { get; init; }

    /// <summary>The bytes on data channels.</summary>
    public required ulong SentBytes { get; init; }

    /// <summary>What <c>--json</c> printed; null on a destination, and where nothing could be printed.</summary>
    public MigrationDocument? Report { get; init; }
}

namespace Ferry.Migration.Reports;

/// <summary>What the destination knows of a migration.</summary>
public sealed record ReceiveReport
{
    /// <summary>How it ended.</summary>
    public required ReceiveOutcome Outcome { get; init; }

    /// <summary>Why it did not end in <see cref="ReceiveOutcome.Running"/>.</summary>
    public required FailureKind Failure { get; init; }

    /// <summary>Why, in words, with where the machine runs; null where it runs here.</summary>
    public required string? Reason { get; init; }

    /// <summary>The source's name of the machine, or null where none introduced itself.</summary>
    public required string? MachineName { get; init; }

    /// <summary>Whether the hashes of all memory were equal; null where they were not compared.</summary>
    public required bool? MemoryVerified { get; init; }

    /// <summary>The bytes received on data channels.</summary>
    public required ulong ReceivedBytes { get; init; }

    /// <summary>The pages received with contents.</summary>
    public required ulong ReceivedPages { get; init; }

    /// <summary>The pages told to be zero.</summary>
    public required ulong ZeroPages { get; init; }

    /// <summary>The zero pages that needed no touch.</summary>
    public required ulong UntouchedZeroPages { get; init; }

    /// <summary>How long populating took, from its first page to its last.</summary>
    public required TimeSpan Populate { get; init; }

    /// <summary>From the source's word that nothing writes any more to the vCPUs running here; zero where they don't.</summary>
    public required TimeSpan Downtime { get; init; }

    /// <summary>Processor time of the engine's threads here from the moment all was ready for the first round; without population that came before.</summary>
    public required TimeSpan Cpu { get; init; }

    /// <summary>Peak resident memory of this process beyond the guest's (anonymous and file pages), in bytes.</summary>
    public required ulong ExtraRssBytes { get; init; }

    /// <summary>The devices.</summary>
    public required IReadOnlyList<DeviceReport> Devices { get; init; }

    /// <summary>The steps of the plan's destination side.</summary>
    public required IReadOnlyList<StepReport> Steps { get; init; }
}

namespace Ferry.Migration.Reports;

/// <summary>What the source knows of a migration.</summary>
public sealed record MigrationReport
{
    /// <summary>How it ended.</summary>
    public required MigrationOutcome Outcome { get; init; }

    /// <summary>Why it did not complete.</summary>
    public required FailureKind Failure { get; init; }

    /// <summary>Why, in words, with where the machine runs now; null where it completed.</summary>
    public required string? Reason { get; init; }

    /// <summary>Whether the hashes of all memory were equal; null where they were not compared.</summary>
    public required bool? MemoryVerified { get; init; }

    /// <summary>What runs the guest: <c>kvm</c> or <c>thread</c>.</summary>
    public required string Accelerator { get; init; }

    /// <summary>The size of guest memory.</summary>
    public required ulong MemoryBytes { get; init; }

    /// <summary>The rounds before the switchover.</summary>
    public required IReadOnlyList<RoundReport> Rounds { get; init; }

    /// <summary>Whether what remained fitted the downtime limit, so that no limit or stall forced the switchover.</summary>
    public required bool Converged { get; init; }

    /// <summary>What ended the rounds, in words; null where they did not end by a decision.</summary>
    public required string? SwitchoverReason { get; init; }

    /// <summary>From the call to the start of the first round.</summary>
    public required TimeSpan Setup { get; init; }

    /// <summary>How long the destination took to populate its memory.</summary>
    public required TimeSpan Populate { get; init; }

    /// <summary>From the start of the first round to the destination running, or to the failure.</summary>
    public required TimeSpan Total { get; init; }

    /// <summary>From the pause of the vCPUs to the destination's word that it runs, or to their running here again; zero where they were never paused.</summary>
    public required TimeSpan Downtime { get; init; }

    /// <summary>The parts of the downtime, in order; each is a step of the switchover, the last the time from commit to running.</summary>
    public required IReadOnlyList<StepReport> DowntimeParts { get; init; }

    /// <summary>The destination's own part of the downtime, by its clock.</summary>
    public required TimeSpan DestinationDowntime { get; init; }

    /// <summary>Bytes sent on data channels, headers included.</summary>
    public required ulong SentBytes { get; init; }

    /// <summary>Pages sent with contents.</summary>
    public required ulong SentPages { get; init; }

    /// <summary>Pages told to be zero.</summary>
    public required ulong ZeroPages { get; init; }

    /// <summary>Sent bytes a second of <see cref="Total"/>.</summary>
    public double BytesPerSecond => Total > TimeSpan.Zero ? SentBytes / Total.TotalSeconds : 0;

    /// <summary>Processor time of the engine's threads here from the start of the first round on, which is without the guest's.</summary>
    public required TimeSpan SourceCpu { get; init; }

    /// <summary>Processor time of the engine's threads on the destination from the moment it was ready for the first round, by its word.</summary>
    public required TimeSpan DestinationCpu { get; init; }

    /// <summary>Peak resident memory of this process beyond the guest's (anonymous and file pages), in bytes.</summary>
    public required ulong SourceExtraRssBytes { get; init; }

    /// <summary>The same of the destination, by its word.</summary>
    public required ulong DestinationExtraRssBytes { get; init; }

    /// <summary>The trackers that the plan starts.</summary>
    public required IReadOnlyList<TrackerReport> Trackers { get; init; }

    /// <summary>The devices.</summary>
    public required IReadOnlyList<DeviceReport> Devices { get; init; }

    /// <summary>Every step of the plan that was carried out; those of a round are summed up.</summary>
    public required IReadOnlyList<StepReport> Steps { get; init; }
}
